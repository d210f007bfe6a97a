//! The grant `password` (RFC 6749 section 4.3).

use std::sync::Arc;

use futures_util::future::try_join;
use shared::error::Error;
use shared::http::form::Form;
use shared::passwords::{Password, Verdict};
use shared::tokens::Issued;
use shared::users::{Credentials, NameKey};

use crate::{Token, missing};

/// The parameters of the grant.
pub(crate) struct PasswordGrant {
    username: String,
    /// `None` where it is longer than any password can be.
    password: Option<Password>,
    asks_for_scope: bool,
}

impl PasswordGrant {
    pub(crate) fn read(form: &mut Form) -> Result<Self, Error> {
        let username = form
            .take("username")
            .ok_or_else(|| missing("The parameter username is missing"))?;
        let mut password = form
            .take("password")
            .ok_or_else(|| missing("The parameter password is missing"))?;
        Ok(Self {
            username: username.to_string(),
            password: Password::attempt(std::mem::take(&mut password)),
            asks_for_scope: form.take("scope").is_some(),
        })
    }
}

impl Token {
    /// Issues an access token for the user of the grant.
    pub(crate) async fn password_grant(&self, grant: PasswordGrant) -> Result<Issued, Error> {
        // The keys are read beside the store; a log-in that is rejected does not wait for them.
        let keys = async { Ok(self.signer.ring().await) };
        let (user, keys) = try_join(self.authorized_user(grant), keys).await?;
        self.signer.issue(&user.id, &*keys?)
    }

    /// Returns the user who logs in and is granted all that the grant asks for.
    async fn authorized_user(&self, grant: PasswordGrant) -> Result<Credentials, Error> {
        let user = self.log_in(&grant.username, grant.password).await?;
        if user.disabled {
            return Err(Error::InactiveAtLogIn);
        }
        if grant.asks_for_scope {
            return Err(Error::InvalidScope);
        }
        Ok(user)
    }

    /// Returns the user whose password this is. An unknown user costs what a known one costs: the same reads and one hash.
    async fn log_in(&self, username: &str, password: Option<Password>) -> Result<Credentials, Error> {
        let password = Arc::new(password.ok_or(Error::WrongCredentials)?);
        let name = NameKey::of(username);
        let user = self.users.credentials(name.as_ref(), self.clock.now()).await?;
        let hash = user.as_ref().map(|user| user.hash.clone());
        let verdict = self.hasher.verify(Arc::clone(&password), hash).await?;
        let user = user.ok_or(Error::WrongCredentials)?;
        match verdict {
            Verdict::Wrong => Err(Error::WrongCredentials),
            Verdict::Unreadable => {
                tracing::warn!(user = user.id.as_str(), "the stored password hash cannot be read");
                Err(Error::WrongCredentials)
            }
            Verdict::Right { renew } => {
                if renew && !user.disabled {
                    self.renew_hash(&user, password).await;
                }
                Ok(user)
            }
        }
    }

    /// Replaces a hash that is weaker than a new one. The log-in does not depend on it: the next one tries again.
    async fn renew_hash(&self, user: &Credentials, password: Arc<Password>) {
        let renewed = async {
            let new = self.hasher.hash(password).await?;
            self.users.renew_hash(&user.id, &user.hash, &new).await
        };
        if let Err(error) = renewed.await {
            tracing::warn!(
                %error,
                user = user.id.as_str(),
                "the password hash was not renewed"
            );
        }
    }
}
