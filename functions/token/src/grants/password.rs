//! The grant `password` (RFC 6749 section 4.3).

use std::sync::Arc;

use futures_util::future::try_join;
use shared::clock::Timestamp;
use shared::error::Error;
use shared::events::{Event, Reason, Subject};
use shared::http::form::Form;
use shared::keys::{Ring, SigningKey};
use shared::passwords::{Password, Verdict};
use shared::random;
use shared::sessions::{Policy, RefreshToken, Rotation};
use shared::tokens::{Grant, ValidWith};
use shared::users::{Credentials, NameKey};

use crate::device::Device;
use crate::{Response, Token, missing};

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
    /// Issues an access token for the user of the grant, and begins a session where log-ins do.
    pub(crate) async fn password_grant(
        &self,
        grant: PasswordGrant,
        device: Device,
    ) -> Result<Response, Error> {
        // The keys are read beside the store; a log-in that is rejected does not wait for them.
        let keys = async { Ok(self.signer.ring().await) };
        let (user, ring) = try_join(self.authorized_user(grant), keys).await?;
        let ring = ring?;
        let key = self.signer.key(&ring)?;
        let now = self.clock.now();
        if let Some(policy) = &self.sessions {
            return self.begin_session(policy, &user, device, &ring, key).await;
        }
        Event::LoggedIn {
            user: user.id.as_str(),
            session: None,
        }
        .log();
        let grant = Grant {
            user: &user.id,
            auth_time: now,
            valid_with: ValidWith::Credentials(user.state.credential_generation),
        };
        Ok(Response {
            issued: self.signer.issue(&grant, key, now)?,
            refresh_token: None,
        })
    }

    async fn begin_session(
        &self,
        policy: &Policy,
        user: &Credentials,
        device: Device,
        ring: &Ring,
        key: &SigningKey,
    ) -> Result<Response, Error> {
        let session_key = self.newest_session_key(ring)?;
        let now = self.clock.millis();
        let time = Timestamp::from_millis(now);
        let id = random::ulid_at(now)?;
        let token = RefreshToken::first(user.id.as_str(), &id, time, session_key)?;
        let first = Rotation {
            token: token.digest(),
            previous: None,
            salt: None,
            key: *session_key.id(),
            generation: token.generation,
            rotated_at: now,
        };
        let session = policy.begin(first, device.ip, device.user_agent);
        let grant = Grant {
            user: &user.id,
            auth_time: session.created_at,
            valid_with: ValidWith::Session(&id, session.expires_at),
        };
        let issued = self.signer.issue(&grant, key, time)?;
        self.users
            .begin_session(user, &id, &session, policy.max_sessions)
            .await?;
        Event::LoggedIn {
            user: user.id.as_str(),
            session: Some(&id),
        }
        .log();
        Ok(Response {
            issued,
            refresh_token: Some(token),
        })
    }

    /// Returns the user who logs in and is granted all that the grant asks for.
    async fn authorized_user(&self, grant: PasswordGrant) -> Result<Credentials, Error> {
        let user = self.log_in(&grant.username, grant.password).await?;
        if user.state.disabled {
            failed(&user, Reason::Disabled);
            return Err(Error::InactiveAtLogIn);
        }
        if grant.asks_for_scope {
            failed(&user, Reason::Scope);
            return Err(Error::InvalidScope);
        }
        Ok(user)
    }

    /// Returns the user whose password this is. An unknown user costs what a known one costs: the same reads and one hash.
    async fn log_in(&self, username: &str, password: Option<Password>) -> Result<Credentials, Error> {
        let password = Arc::new(password.ok_or_else(|| self.failed_name(username, Reason::WrongPassword))?);
        let name = NameKey::of(username);
        let user = self.users.credentials(name.as_ref(), self.clock.now()).await?;
        let hash = user.as_ref().map(|user| user.hash.clone());
        let verdict = self.hasher.verify(Arc::clone(&password), hash).await?;
        let user = user.ok_or_else(|| self.failed_name(username, Reason::UnknownUser))?;
        match verdict {
            Verdict::Wrong => {
                failed(&user, Reason::WrongPassword);
                Err(Error::WrongCredentials)
            }
            Verdict::Unreadable => {
                failed(&user, Reason::UnreadableHash);
                Err(Error::WrongCredentials)
            }
            Verdict::Right { renew } => {
                if renew && !user.state.disabled {
                    self.renew_hash(&user, password).await;
                }
                Ok(user)
            }
        }
    }

    /// Logs that a log-in failed which found no user, and returns its error.
    fn failed_name(&self, username: &str, reason: Reason) -> Error {
        let hash = self.signer.hashed_name(username);
        let subject = hash.as_deref().map_or(Subject::Unnamed, Subject::Name);
        Event::LogInFailed { subject, reason }.log();
        Error::WrongCredentials
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

fn failed(user: &Credentials, reason: Reason) {
    Event::LogInFailed {
        subject: Subject::User(user.id.as_str()),
        reason,
    }
    .log();
}
