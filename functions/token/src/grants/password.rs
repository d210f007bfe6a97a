//! The grant `password` (RFC 6749 section 4.3).

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::{Either, join};
use shared::clients::{Client, GrantType, PresentedClient};
use shared::clock::Timestamp;
use shared::error::Error;
use shared::events::{Event, Reason, Subject};
use shared::guesses::{Asked, Guess, Verified};
use shared::http::client::Network;
use shared::http::form::Form;
use shared::keys::{Ring, SigningKey};
use shared::mail::{Mailing, Occasion, Outgoing};
use shared::passwords::Password;
use shared::random;
use shared::scope::Scopes;
use shared::sessions::{Policy, RefreshToken, Rotation, Session};
use shared::tokens::{Grant, ValidWith};
use shared::users::{self, Attempt, Credentials, Email, LookedUp, NameKey, UserId};
use zeroize::Zeroizing;

use crate::device::{Device, Origin};
use crate::grants::requested;
use crate::{Response, Token, missing};

/// The parameters of the grant.
pub(crate) struct PasswordGrant {
    username: String,
    /// `None` where it is longer than any password can be.
    password: Option<Password>,
    device_token: Option<Zeroizing<String>>,
    /// The scopes that are asked for, as they were sent.
    scope: Option<Zeroizing<String>>,
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
            scope: form.take("scope"),
        })
    }
}

impl Token {
    /// Issues an access token for the user of the grant, and begins a session where log-ins do.
    pub(crate) async fn password_grant(
        &self,
        grant: PasswordGrant,
        presented: Option<PresentedClient>,
        origin: Origin,
    ) -> Result<Response, Error> {
        let scope = grant.scope.clone();
        let (Verified { user, attempt, .. }, client) = self.log_in(grant, presented, &origin.network).await?;
        let log_in = LogIn {
            user: &user,
            attempt: &attempt,
            client: client.as_ref(),
            device: origin.device,
        };
        let issued = match log_in.scopes(scope.as_deref().map(String::as_str)) {
            Ok(scopes) => self.issue(log_in, scopes).await,
            Err(error) => Err(error),
        };
        let Err(error) = &issued else { return issued };
        let id = Subject::User(user.id.as_str());
        match error {
            Error::InactiveAtLogIn => failed(id, Reason::Disabled),
            Error::InvalidScope(_) => failed(id, Reason::Scope),
            Error::WrongCredentials => {
                // The password was changed since it was verified, so that the attempt is a failure.
                failed(id, Reason::WrongPassword);
                return issued;
            }
            _ => {}
        }
        // The password was right, so that whatever went wrong then is no failure that delays anyone.
        self.users
            .clear_attempts(&user.id, &attempt, self.clock.millis())
            .await?;
        issued
    }

    async fn issue(&self, log_in: LogIn<'_>, scopes: Scopes) -> Result<Response, Error> {
        let ring = self.signer.ring().await?;
        let key = self.signer.key(&ring)?;
        if let Some(policy) = &self.sessions {
            return self.begin_session(policy, log_in, scopes, &ring, key).await;
        }
        let LogIn {
            user,
            attempt,
            client,
            ..
        } = log_in;
        let now = self.clock.millis();
        let time = Timestamp::from_millis(now);
        let grant = Grant {
            subject: user.id.as_str(),
            client: client.map(|client| client.id.as_str()),
            auth_time: Some(time),
            valid_with: ValidWith::Credentials(user.state.credential_generation),
            scopes: &scopes,
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
            scope: scopes.claim(),
        })
    }

    async fn begin_session(
        &self,
        policy: &Policy,
        log_in: LogIn<'_>,
        scopes: Scopes,
        ring: &Ring,
        key: &SigningKey,
    ) -> Result<Response, Error> {
        let LogIn {
            user,
            attempt,
            client,
            device,
        } = log_in;
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
        let session = policy.begin(
            first,
            device.ip,
            device.user_agent,
            scopes,
            client.map(|client| client.id.clone()),
        );
        let grant = Grant {
            subject: user.id.as_str(),
            client: session.client.as_deref(),
            auth_time: Some(session.created_at),
            valid_with: ValidWith::Session(&id, session.expires_at),
            scopes: &session.scopes,
        };
        let issued = self.signer.issue(&grant, key, time)?;
        let mails = self.mails(user, attempt, &session)?;
        self.users
            .begin_session(user, attempt, &id, &session, policy.max_sessions, &mails)
            .await?;
        Event::LoggedIn {
            user: user.id.as_str(),
            session: Some(&id),
        }
        .log();
        Ok(Response {
            issued,
            refresh_token: client
                .is_none_or(|client| client.grants.contains(&GrantType::RefreshToken))
                .then_some(token),
            scope: session.scopes.claim(),
        })
    }

    /// Returns the mail that warns the user of a log-in from a network that is new.
    fn mails(
        &self,
        user: &Credentials,
        attempt: &Attempt,
        session: &Session,
    ) -> Result<Vec<Outgoing>, Error> {
        if !attempt.is_from_new_network() {
            return Ok(Vec::new());
        }
        let occasion = Occasion::NewNetwork {
            user: user.id.as_str().to_owned(),
            ip: session.ip.clone(),
            user_agent: session.user_agent.clone(),
        };
        let to = user.email.as_ref().map(Email::as_str);
        Mailing::notice(self.new_networks, to, occasion, session.created_at)
    }

    /// Returns the user whose password this is, and the registered client that has proved itself.
    async fn log_in(
        &self,
        grant: PasswordGrant,
        presented: Option<PresentedClient>,
        network: &Network,
    ) -> Result<(Verified, Option<Client>), Error> {
        let begun = Instant::now();
        let name = NameKey::of(&grant.username);
        let compared = name.as_ref().map_or(grant.username.as_str(), NameKey::as_str);
        let Some(password) = grant.password.map(Arc::new) else {
            // No hash can match, so that none is computed and nothing is counted.
            let ring = self.signer.ring().await.ok();
            let hash = ring.and_then(|ring| Some(ring.names_key.as_ref()?.hashed(compared)));
            let subject = hash.as_deref().map_or(Subject::Unnamed, Subject::Name);
            failed(subject, Reason::WrongPassword);
            return Err(Error::WrongCredentials);
        };
        let device_token = grant.device_token.as_ref().map(|token| token.as_str());
        let asked = Asked {
            subject: compared,
            network,
            device: device_token,
        };
        self.guesses.reject_remembered(asked)?;
        // The keys are read beside the store.
        let id = presented.as_ref().map(|presented| presented.id.as_str());
        let looked_up = self.guesses.look_up(name.as_ref(), network, id);
        let (looked_up, ring) = join(looked_up, self.signer.ring()).await;
        let LookedUp {
            user,
            network_refused,
            client,
        } = looked_up?;
        let client = match &presented {
            Some(presented) => presented.authenticate(client)?,
            None => None,
        };
        if let Some(client) = &client {
            client.require(GrantType::Password)?;
        }
        let device = self.device(device_token, user.as_ref()).await;
        let ring = ring?;
        let names_key = ring.names_key.as_ref();
        let names_key =
            names_key.ok_or_else(|| Error::unavailable("the keys", "the ring has no key of names"))?;
        let subject = match user {
            Some(user) => users::Subject::User(user),
            None => users::Subject::Unknown(names_key.hashed(compared)),
        };
        let guess = Guess {
            asked,
            subject,
            device,
            network_refused,
            password: Arc::clone(&password),
            begun,
        };
        let typed = grant.username.as_str();
        let elsewhere = async {
            let (migration, name) = (self.migration.as_ref()?, name.as_ref()?);
            let profile = migration.ask(typed, name, &password).await?;
            Some((profile, name))
        };
        let verified = match self.guesses.verify_or_ask(guess, elsewhere).await? {
            Either::Left(verified) => verified,
            Either::Right((profile, name)) => {
                let user = self.migrate(profile, name, Arc::clone(&password)).await?;
                let Some(user) = user else {
                    let hash = names_key.hashed(compared);
                    return Err(self
                        .guesses
                        .refuse_elsewhere(asked.network, &hash, &password, begun)
                        .await);
                };
                // From here on it is a log-in like any other.
                let guess = Guess {
                    asked,
                    subject: users::Subject::User(user),
                    device: None,
                    network_refused,
                    password: Arc::clone(&password),
                    begun: Instant::now(),
                };
                self.guesses.verify(guess).await?
            }
        };
        if verified.renew && !verified.user.state.disabled {
            self.renew_hash(&verified.user, password).await;
        }
        Ok((verified, client))
    }

    /// Returns the session of a token that proves the device of a log-in: a refresh token of that user, up to 30 days old, spent or
    /// ended ones, too. Any other token proves nothing.
    async fn device(&self, token: Option<&str>, user: Option<&UserId>) -> Option<String> {
        let token = self.open(token?).await.ok().flatten()?;
        let is_users = user.is_some_and(|user| user.as_str() == token.user);
        (is_users && token.proves_device(self.clock.now())).then(|| token.session.clone())
    }

    /// Replaces a hash that is weaker than a new one. The log-in does not depend on it: the next one tries again.
    async fn renew_hash(&self, user: &Credentials, password: Arc<Password>) {
        let Some(old) = &user.hash else { return };
        let renewed = async {
            let new = self.hasher.hash(password).await?;
            self.users.renew_hash(&user.id, old, &new).await
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

/// A log-in whose password was right.
struct LogIn<'a> {
    user: &'a Credentials,
    attempt: &'a Attempt,
    /// The registered client that has proved itself.
    client: Option<&'a Client>,
    device: Device,
}

impl LogIn<'_> {
    /// Returns the scopes that it asks for and may have: those that the user was granted, and the client may ask for.
    fn scopes(&self, asked: Option<&str>) -> Result<Scopes, Error> {
        let state = &self.user.state;
        if state.disabled {
            return Err(Error::InactiveAtLogIn);
        }
        let granted = match self.client {
            Some(client) => state.scopes.within(&client.scopes),
            None => state.scopes.clone(),
        };
        requested(asked, &granted)
    }
}

fn failed(subject: Subject<'_>, reason: Reason) {
    Event::LogInFailed { subject, reason }.log();
}
