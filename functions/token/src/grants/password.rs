//! The grant `password` (RFC 6749 section 4.3).

use std::sync::Arc;

use futures_util::future::join;
use shared::clock::Timestamp;
use shared::error::Error;
use shared::events::{self, Event, Limit, Reason};
use shared::http::client::Network;
use shared::http::form::Form;
use shared::keys::{Ring, SessionKey, SigningKey};
use shared::passwords::{Password, Verdict};
use shared::random;
use shared::sessions::{Policy, RefreshToken, Rotation};
use shared::throttle::Budget;
use shared::tokens::{Grant, ValidWith};
use shared::users::{Attempt, Attempted, Credentials, LookedUp, NameKey, Subject, UserId};
use zeroize::Zeroizing;

use crate::device::{Client, Device};
use crate::{Response, Token, missing};

/// The parameters of the grant.
pub(crate) struct PasswordGrant {
    username: String,
    /// `None` where it is longer than any password can be.
    password: Option<Password>,
    device_token: Option<Zeroizing<String>>,
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
            device_token: form.take("device_token"),
            asks_for_scope: form.take("scope").is_some(),
        })
    }
}

impl Token {
    /// Issues an access token for the user of the grant, and begins a session where log-ins do.
    pub(crate) async fn password_grant(
        &self,
        grant: PasswordGrant,
        client: Client,
    ) -> Result<Response, Error> {
        let asks_for_scope = grant.asks_for_scope;
        let LoggedIn { user, attempt } = self.log_in(grant, &client.network).await?;
        let issued = if user.state.disabled {
            failed(events::Subject::User(user.id.as_str()), Reason::Disabled);
            Err(Error::InactiveAtLogIn)
        } else if asks_for_scope {
            failed(events::Subject::User(user.id.as_str()), Reason::Scope);
            Err(Error::InvalidScope)
        } else {
            self.issue(&user, &attempt, client.device).await
        };
        if issued.is_err() {
            // The password was right, so that whatever went wrong then is no failure to wait by.
            self.users
                .clear_attempts(&user.id, &attempt, self.clock.millis())
                .await?;
        }
        issued
    }

    async fn issue(&self, user: &Credentials, attempt: &Attempt, device: Device) -> Result<Response, Error> {
        let ring = self.signer.ring().await?;
        let key = self.signer.key(&ring)?;
        if let Some(policy) = &self.sessions {
            return self
                .begin_session(policy, user, attempt, device, &ring, key)
                .await;
        }
        let now = self.clock.millis();
        let time = Timestamp::from_millis(now);
        let grant = Grant {
            user: &user.id,
            auth_time: time,
            valid_with: ValidWith::Credentials(user.state.credential_generation),
        };
        let issued = self.signer.issue(&grant, key, time)?;
        self.users.clear_attempts(&user.id, attempt, now).await?;
        Event::LoggedIn {
            user: user.id.as_str(),
            session: None,
        }
        .log();
        Ok(Response {
            issued,
            refresh_token: None,
        })
    }

    async fn begin_session(
        &self,
        policy: &Policy,
        user: &Credentials,
        attempt: &Attempt,
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
            .begin_session(user, attempt, &id, &session, policy.max_sessions)
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

    /// Returns the user whose password this is. An unknown user costs what a known one costs: the same requests and one hash. Every attempt is
    /// counted before the hash.
    async fn log_in(&self, grant: PasswordGrant, network: &Network) -> Result<LoggedIn, Error> {
        let now = self.clock.millis();
        let name = NameKey::of(&grant.username);
        let compared = name.as_ref().map_or(grant.username.as_str(), NameKey::as_str);
        let Some(password) = grant.password.map(Arc::new) else {
            let hash = self.signer.hashed_name(compared);
            failed(named(hash.as_deref()), Reason::WrongPassword);
            return Err(Error::WrongCredentials);
        };
        let device_token = grant.device_token.as_ref().map(|token| token.as_str());
        let asked = (compared, network, device_token);
        if let Some(until) = self.refusals.until(asked, now) {
            let hash = self.signer.hashed_name(compared);
            return Err(throttled(named(hash.as_deref()), Limit::User, until, now));
        }
        // The keys are read beside the store.
        let looked_up = self.users.look_up(name.as_ref(), &self.networks, network, now);
        let (looked_up, ring) = join(looked_up, self.signer.ring()).await;
        let LookedUp {
            user,
            network_refused,
        } = looked_up?;
        let device = self.device(device_token, user.as_ref(), now).await;
        let limit = match (&device, network_refused) {
            (None, Some(_)) => Limit::Network,
            _ => Limit::User,
        };
        let budget = Budget::new(network.clone(), device);
        let ring = ring.ok();
        let key = ring.as_ref().and_then(|ring| ring.session_key(self.clock.now()));
        let hash = key.map(|key| key.hashed(compared));
        let subject = match (user, &hash) {
            (Some(user), _) => Subject::User(user),
            (None, Some(hash)) => Subject::Unknown(hash.clone()),
            // Nobody can log in until there are keys.
            (None, None) => Subject::Unknown(SessionKey::hashed_without(compared)),
        };
        let logged = match &subject {
            Subject::User(user) => events::Subject::User(user.as_str()),
            Subject::Unknown(_) => named(hash.as_deref()),
        };
        let attempted = self
            .users
            .attempt(&subject, &budget, network_refused, now)
            .await?;
        let attempt = match attempted {
            Some(Attempted::Counted(attempt)) => Some(attempt),
            Some(Attempted::Refused(until)) => {
                self.refusals.remember(asked, until, now);
                return Err(throttled(logged, limit, until, now));
            }
            // The user was deleted after the marker was read.
            None => None,
        };
        let stored = attempt
            .as_ref()
            .and_then(|attempt| Some(attempt.user.as_ref()?.hash.clone()));
        let verdict = self.hasher.verify(Arc::clone(&password), stored).await?;
        let verified = attempt.and_then(|mut attempt| Some((attempt.user.take()?, attempt)));
        let reason = match (verdict, verified) {
            (Verdict::Right { renew }, Some((candidate, attempt))) => {
                let user = candidate.credentials()?;
                // What was refused while this attempt was under way may be let through now.
                self.refusals.forget(asked);
                self.refusals.forget((compared, network, None::<&str>));
                if renew && !user.state.disabled {
                    self.renew_hash(&user, password).await;
                }
                return Ok(LoggedIn {
                    user,
                    attempt: *attempt,
                });
            }
            (Verdict::Unreadable, Some(_)) => Reason::UnreadableHash,
            (_, Some(_)) => Reason::WrongPassword,
            (_, None) => Reason::UnknownUser,
        };
        // The response does not depend on it: the attempt was counted.
        if let Err(error) = self.networks.count(network, self.clock.millis()).await {
            tracing::warn!(%error, "a failed log-in was not counted as its network's");
        }
        failed(logged, reason);
        Err(Error::WrongCredentials)
    }

    /// Returns the session of a token that proves the device of a log-in: a refresh token of that user, up to 30 days old, spent or
    /// ended ones, too. Any other token proves nothing.
    async fn device(&self, token: Option<&str>, user: Option<&UserId>, now: i64) -> Option<String> {
        let token = self.open(token?).await.ok().flatten()?;
        let is_users = user.is_some_and(|user| user.as_str() == token.user);
        (is_users && token.proves_device(Timestamp::from_millis(now))).then(|| token.session.clone())
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

/// A user whose password was right, and the counted attempt.
struct LoggedIn {
    user: Credentials,
    attempt: Attempt,
}

/// Returns what the log says of a name that may be nobody's: its keyed hash, since it may be a password.
fn named(hash: Option<&str>) -> events::Subject<'_> {
    hash.map_or(events::Subject::Unnamed, events::Subject::Name)
}

fn failed(subject: events::Subject<'_>, reason: Reason) {
    Event::LogInFailed { subject, reason }.log();
}

fn throttled(subject: events::Subject<'_>, limit: Limit, until: i64, now: i64) -> Error {
    Event::Throttled { subject, limit }.log();
    Error::throttled(until, now)
}
