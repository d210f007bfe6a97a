//! Users who are still elsewhere: an endpoint of the operator is asked whether the password of an unknown name is right, and a right one
//! becomes a user. `docs/migrate.md` has the protocol.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Limited};
use lambda_http::http::{Request, header};
use serde::Serialize;
use shared::clock::Clock;
use shared::env::{Env, LOGIN_BUDGET_MS, MIGRATION_SECRET, MIGRATION_URL};
use shared::error::Error;
use shared::events::Event;
use shared::function::StartError;
use shared::http::json::Fields;
use shared::passwords::Password;
use shared::users::{NameKey, Profile, ReservedUsernames, User, UserId};
use shared::{aws, random};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::Token;

/// The members of a profile.
const MEMBERS: [&str; 4] = ["username", "email", "full_name", "website"];
/// How long the endpoint may take at most. The budget of a log-in bounds it, too.
const TIME_OUT: Duration = Duration::from_secs(2);
/// How long the opening of the connection may take, its TLS handshake included.
const CONNECT: Duration = Duration::from_secs(1);
/// The longest profile that is read, in bytes: that of a request's body.
const MAX_BYTES: usize = 16 * 1024;
/// The shortest secret, in bytes, that Standard Webhooks allows.
const MIN_SECRET_BYTES: usize = 24;

/// The endpoint that knows the users who are still elsewhere. There is no `Debug`: it holds a secret.
pub(crate) struct Migration {
    url: String,
    key: hmac::Key,
    http: SharedHttpConnector,
    reserved: ReservedUsernames,
    clock: Clock,
}

/// What the endpoint is asked.
#[derive(Serialize)]
struct Question<'a> {
    username: &'a str,
    password: &'a str,
}

impl Migration {
    /// Reads the variables; `None` where there is no endpoint.
    ///
    /// # Errors
    ///
    /// [`StartError`] for a wrong value, and where the budget of a log-in is not fixed: the endpoint is asked for unknown names alone, so
    /// time would tell them from users.
    pub(crate) fn read(env: &Env<'_>, clock: &Clock) -> Result<Option<Self>, StartError> {
        let reserved = ReservedUsernames::read(env)?;
        let secret = Zeroizing::new(env.get(&MIGRATION_SECRET)?);
        let Some(url) = env.get(&MIGRATION_URL)? else {
            return Ok(None);
        };
        if env.get(&LOGIN_BUDGET_MS)? == 0 {
            let rule = format!("must not be 0 where {} is set", MIGRATION_URL.name);
            return Err(LOGIN_BUDGET_MS.error(rule).into());
        }
        let secret = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(&secret));
        let secret = secret.ok().filter(|secret| secret.len() >= MIN_SECRET_BYTES);
        let secret = secret.map(Zeroizing::new).ok_or_else(|| {
            let rule = format!("must have {MIN_SECRET_BYTES} bytes or more in base64");
            MIGRATION_SECRET.error(rule)
        })?;
        Ok(Some(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            http: aws::http_connector(env, Some(&url), CONNECT)?,
            url: url.into(),
            reserved,
            clock: clock.clone(),
        }))
    }

    /// Asks once whether this is the password of a name that no user has, and returns the profile if it is. An endpoint that is unavailable
    /// says no: another response would tell which names are still elsewhere.
    pub(crate) async fn ask(&self, typed: &str, name: &NameKey, password: &Password) -> Option<Profile> {
        let asked = timeout(TIME_OUT, self.post(typed, name, password)).await;
        match asked.unwrap_or_else(|_| Err("it did not respond in time".to_owned())) {
            Ok(profile) => profile,
            Err(error) => {
                tracing::warn!(%error, "the migration endpoint failed");
                None
            }
        }
    }

    async fn post(
        &self,
        typed: &str,
        name: &NameKey,
        password: &Password,
    ) -> Result<Option<Profile>, String> {
        let question = Question {
            username: typed,
            password: password.as_sent(),
        };
        let body = serde_json::to_vec(&question).map(Zeroizing::new).map_err(text)?;
        let response = self.http.call(self.request(&body)?).await;
        let response = response.map_err(|error| aws::message(&error))?;
        match response.status().as_u16() {
            200 => {}
            401 | 404 => return Ok(None),
            status => return Err(format!("its status is {status}")),
        }
        let body = Limited::new(response.into_body(), MAX_BYTES);
        let body = body.collect().await.map_err(text)?.to_bytes();
        let profile = self.profile(&body).map_err(|error| match error {
            Error::Invalid(errors) => {
                let broken = errors.iter().map(|error| {
                    // Any other name is the endpoint's own text, which may be a password or an address.
                    let is_known = MEMBERS.contains(&&*error.field);
                    let member = if is_known {
                        &*error.field
                    } else {
                        "a member that no profile has"
                    };
                    format!("{member}: {}", error.message)
                });
                format!(
                    "its profile is refused: {}",
                    broken.collect::<Vec<_>>().join("; ")
                )
            }
            error => format!("its profile is refused: {error}"),
        })?;
        if profile.names().contains(name) {
            Ok(Some(profile))
        } else {
            Err("its profile is that of another name".to_owned())
        }
    }

    /// Creates a request with the symmetric signature of Standard Webhooks
    /// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>). No connection is kept: one that died
    /// while the function was frozen would be a wrong password.
    fn request(&self, body: &[u8]) -> Result<HttpRequest, String> {
        let now = self.clock.now();
        let id = format!("msg_{}", random::ulid(now).map_err(text)?);
        let timestamp = now.unix().to_string();
        let request = Request::post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONNECTION, "close")
            .header("webhook-signature", sign(&self.key, &id, &timestamp, body))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .body(SdkBody::from(body))
            .map_err(text)?;
        HttpRequest::try_from(request).map_err(text)
    }

    /// Parses a profile by the rules of a registration.
    fn profile(&self, body: &[u8]) -> Result<Profile, Error> {
        let mut fields = Fields::parse(body)?;
        let profile = Profile::read(&mut fields, &self.reserved);
        fields.finish()?;
        Ok(profile)
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn sign(key: &hmac::Key, id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        context.update(part);
    }
    format!("v1,{}", STANDARD.encode(context.sign()))
}

impl Token {
    /// Makes a user of a profile whose password was right elsewhere. Returns the user of the name, whom another log-in may have made first, or
    /// `None` where another user has the profile's other name.
    pub(crate) async fn migrate(
        &self,
        profile: Profile,
        name: &NameKey,
        password: Arc<Password>,
    ) -> Result<Option<UserId>, Error> {
        let hash = self.hasher.hash(password).await?;
        let now = self.clock.now();
        let user = User::new(profile, now)?;
        match self.users.register(&user, &hash, None, &[]).await {
            Ok(()) => {
                Event::Migrated {
                    user: user.id.as_str(),
                }
                .log();
                Ok(Some(user.id))
            }
            Err(Error::Conflict(_)) => {
                let found = self.users.id_of(name).await?;
                if found.is_none() {
                    tracing::warn!("a profile of the migration endpoint has a name of another user");
                }
                Ok(found)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Engine, STANDARD, hmac, sign};

    /// A vector of Standard Webhooks' own libraries
    /// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests/test_webhooks.py>).
    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        let secret = STANDARD
            .decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .unwrap_or_default();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        assert_eq!(
            sign(
                &key,
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                "1614265330",
                br#"{"test": 2432232314}"#
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
