//! Whether there is mail, and from whom.

use email_address::EmailAddress;

use super::outbox::{Mail, Occasion};
use crate::clock::Timestamp;
use crate::env::{ADDRESS_MAILS, Env, EnvError, MAIL_FROM, REQUIRE_VERIFIED_EMAIL};
use crate::error::Error;

/// The sender of mails. Without one nothing is announced.
#[derive(Clone, Debug)]
pub struct Sender(String);

impl Sender {
    /// Reads `MAIL_FROM`; `None` where there is no mail.
    ///
    /// # Errors
    ///
    /// [`EnvError`] for what is no e-mail address.
    pub fn read(env: &Env<'_>) -> Result<Option<Self>, EnvError> {
        let address = env.get(&MAIL_FROM)?;
        if address.is_empty() {
            return Ok(None);
        }
        if EmailAddress::is_valid(&address) {
            Ok(Some(Self(address)))
        } else {
            Err(MAIL_FROM.error("must be an e-mail address"))
        }
    }

    /// Reads whether addresses are claims until they are proved.
    ///
    /// # Errors
    ///
    /// [`EnvError`] where they are and there is no mail to prove them by.
    pub fn requires_proof(env: &Env<'_>) -> Result<bool, EnvError> {
        let required = env.get(&REQUIRE_VERIFIED_EMAIL)?;
        if required && Self::read(env)?.is_none() {
            return Err(REQUIRE_VERIFIED_EMAIL.error("needs MAIL_FROM"));
        }
        Ok(required)
    }

    /// Returns the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a function that announces needs: that there is mail, and how much of it an address may have.
#[derive(Clone, Copy, Debug)]
pub struct Mailing {
    limit: u32,
}

/// A mail that a write puts into the outbox, unless its address has had too many of its kind in ten minutes.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The mail.
    pub mail: Mail,
    /// How many mails of its kind an address has in ten minutes.
    pub limit: u32,
}

impl Mailing {
    /// Reads the variables; `None` where there is no mail.
    ///
    /// # Errors
    ///
    /// [`EnvError`] for a wrong value.
    pub fn read(env: &Env<'_>) -> Result<Option<Self>, EnvError> {
        let limit = env.get(&ADDRESS_MAILS)?;
        Ok(Sender::read(env)?.map(|_| Self { limit }))
    }

    /// Makes the mail that notifies a user; none where there is no mail, or the user has no address.
    ///
    /// # Errors
    ///
    /// As [`Mail::new`].
    pub fn notice(
        mailing: Option<Self>,
        to: Option<&str>,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<Vec<Outgoing>, Error> {
        match (mailing, to) {
            (Some(mailing), Some(to)) => Ok(vec![mailing.mail(to, occasion, now)?]),
            _ => Ok(Vec::new()),
        }
    }

    /// Makes a mail to an address, as typed.
    ///
    /// # Errors
    ///
    /// As [`Mail::new`].
    pub fn mail(self, to: impl Into<String>, occasion: Occasion, now: Timestamp) -> Result<Outgoing, Error> {
        Ok(Outgoing {
            mail: Mail::new(to, occasion, now)?,
            limit: self.limit,
        })
    }
}
