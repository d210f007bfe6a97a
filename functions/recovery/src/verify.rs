//! `POST /verify`: an address is proved by the token of a mail, and by the account's password or its access token. The token alone would
//! prove the account of a stranger who registered another person's address, once that person follows the link.

use std::sync::Arc;
use std::time::Instant;

use lambda_http::{Body, Request, Response};
use shared::authenticate::{Caller, authenticate};
use shared::clock::Timestamp;
use shared::error::Error;
use shared::events::{self, Event, Reason};
use shared::guesses::{Asked, Guess, Verified};
use shared::http::client;
use shared::http::json::{self, Fields};
use shared::mail::{MailToken, Mailing, Occasion, Outgoing, Purpose};
use shared::passwords::Password;
use shared::table::{ROUNDS, contended};
use shared::users::{Account, Presented, Standing, Subject, User, UserId, Wanted};
use zeroize::Zeroizing;

use crate::Recovery;

/// By what the account is the client's.
enum Identity {
    /// Its password, whose attempt was counted.
    Password(Box<Verified>),
    /// Its access token.
    Bearer(Box<Caller>),
}

impl Identity {
    fn standing(&self) -> Standing<'_> {
        match self {
            Self::Password(verified) => Standing::Generation(verified.user.state.credential_generation),
            Self::Bearer(caller) => caller.standing(),
        }
    }
}

impl Recovery {
    /// Responds 200 with the user.
    pub(crate) async fn verify(&self, mailing: Mailing, request: &Request) -> Result<Response<Body>, Error> {
        let mut fields = Fields::read(request)?;
        let token = fields.required("token", |token| Ok(Zeroizing::new(token)));
        let password = fields.text("password", |password| Ok(Zeroizing::new(password)));
        fields.finish()?;
        // `finish` has rejected a body without a token.
        let token = token.ok_or_else(|| Error::internal("the proof of an address", "it has no token"))?;
        let user = self.prove(mailing, request, &token, password).await?;
        json::response(&user.shown(self.clock.now()))
    }

    /// Proves the address of a token, and returns the user.
    pub(crate) async fn prove(
        &self,
        mailing: Mailing,
        request: &Request,
        text: &str,
        password: Option<Zeroizing<String>>,
    ) -> Result<User, Error> {
        let token = self.token(text, &[Purpose::Prove]).await?;
        let account = self.account_of(&token).await?;
        let identity = match password {
            Some(password) => {
                let verified = self.verified(request, &account.user.id, password).await?;
                Identity::Password(Box::new(verified))
            }
            None => Identity::Bearer(Box::new(authenticate(&self.verifier, request).await?)),
        };
        if let Identity::Bearer(caller) = &identity
            && caller.user.id != account.user.id
        {
            return Err(Error::InvalidMailToken);
        }
        let proved = self.prove_as(mailing, &token, text, account, &identity).await;
        if let Identity::Password(verified) = &identity {
            // The password was right, whatever became of the proof, which does not depend on this.
            let (user, attempt) = (&verified.user.id, &verified.attempt);
            let cleared = self.users.clear_attempts(user, attempt, self.clock.millis());
            if let Err(error) = cleared.await {
                tracing::warn!(%error, "an attempt whose password was right stays counted");
            }
        }
        let user = proved?;
        Event::AddressProved {
            user: user.id.as_str(),
        }
        .log();
        Ok(user)
    }

    async fn prove_as(
        &self,
        mailing: Mailing,
        token: &MailToken,
        text: &str,
        mut account: Account,
        identity: &Identity,
    ) -> Result<User, Error> {
        for _ in 0..ROUNDS {
            if account.user.disabled {
                return Err(Error::Inactive);
            }
            let presented = Presented { token, text };
            let now = self.clock.now();
            let mails = notices(mailing, &account, token, now)?;
            let proving = self
                .users
                .prove(presented, &account.user, identity.standing(), &mails, now);
            if let Some(user) = proving.await? {
                return Ok(user);
            }
            account = self.account_of(token).await?;
            if token
                .generation
                .is_some_and(|of| of != account.credential_generation)
            {
                return Err(Error::InvalidMailToken);
            }
            if let Identity::Bearer(caller) = identity
                && let Some(session) = caller.session_id()
                && !account.sessions.contains_key(session)
            {
                return Err(Error::InvalidToken);
            }
        }
        Err(contended())
    }

    /// Returns what a token is bound to, where it is for one of these purposes.
    pub(crate) async fn token(&self, text: &str, purposes: &[Purpose]) -> Result<MailToken, Error> {
        let found = self.tokens.find(text, self.clock.now()).await?;
        found
            .filter(|token| purposes.contains(&token.purpose))
            .ok_or(Error::InvalidMailToken)
    }

    /// Returns the account of a token; one that was deleted makes the token useless.
    pub(crate) async fn account_of(&self, token: &MailToken) -> Result<Account, Error> {
        let account = self.users.find(&token.user, Wanted::All).await?;
        account.ok_or(Error::InvalidMailToken)
    }

    /// Verifies the password of a user as an attempt to log in.
    async fn verified(
        &self,
        request: &Request,
        user: &UserId,
        mut password: Zeroizing<String>,
    ) -> Result<Verified, Error> {
        let begun = Instant::now();
        let Some(password) = Password::attempt(std::mem::take(&mut password)) else {
            // No hash can match, so that none is computed and nothing is counted.
            Event::LogInFailed {
                subject: events::Subject::User(user.as_str()),
                reason: Reason::WrongPassword,
            }
            .log();
            return Err(Error::WrongCredentials);
        };
        let network = client::network(request);
        let asked = Asked {
            subject: user.as_str(),
            network: &network,
            device: None,
        };
        self.guesses.reject_remembered(asked)?;
        let guess = Guess {
            asked,
            subject: Subject::User(user.clone()),
            device: None,
            network_refused: self.guesses.network_refused(&network).await?,
            password: Arc::new(password),
            begun,
        };
        self.guesses.verify(guess).await
    }
}

/// Returns the notice to the proved address that this proof replaces: its undo lives from here on.
fn notices(
    mailing: Mailing,
    account: &Account,
    token: &MailToken,
    now: Timestamp,
) -> Result<Vec<Outgoing>, Error> {
    let user = &account.user;
    let former = user.profile.email.as_ref().filter(|_| user.email_verified);
    let Some(former) = former.filter(|former| former.as_str() != token.address) else {
        return Ok(Vec::new());
    };
    let occasion = Occasion::AddressChanged {
        user: user.id.as_str().to_owned(),
        proved: true,
        recoveries: account.recoveries,
    };
    Ok(vec![mailing.mail(former.as_str(), occasion, now)?])
}
