//! `POST /api-keys`: a new key, which is shown this once.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::api_keys::{ApiKey, IssuedKey};
use shared::authenticate::{Caller, authenticate};
use shared::clock::Timestamp;
use shared::error::{Code, Error, Violation};
use shared::events::Event;
use shared::http::body;
use shared::http::json::{self, Fields};
use shared::label::Label;
use shared::mail::{Mailing, Occasion, Outgoing};
use shared::random;
use shared::scope::Scopes;
use shared::table::{ROUNDS, contended};
use shared::users::Email;

use crate::ApiKeys;
use crate::shown::{IssuedApiKey, OwnApiKey};

impl ApiKeys {
    /// Responds 201 with the key.
    pub(crate) async fn create(&self, request: &Request) -> Result<Response<Body>, Error> {
        body::read(request)?;
        for _ in 0..ROUNDS {
            let caller = authenticate(&self.verifier, request).await?;
            let wanted = Wanted::read(request, self.bound(&caller))?;
            let (user, now) = (&caller.user.id, self.clock.now());
            let id = random::ulid_at(self.clock.millis())?;
            let issued = IssuedKey::generate(user.as_str(), &id)?;
            let expires_at = wanted.expires_in.map(|seconds| now.plus(seconds));
            let key = ApiKey::new(wanted.name, wanted.scopes, &issued, now, expires_at);
            let mails = self.mails(&caller, &key, now)?;
            let created = self
                .users
                .create_api_key(user, caller.standing(), &id, &key, &mails);
            if created.await? {
                Event::ApiKeyCreated {
                    user: user.as_str(),
                    key: &id,
                }
                .log();
                return shown_once(IssuedApiKey::new(OwnApiKey::new(user, id, key), issued));
            }
        }
        Err(contended())
    }

    /// Returns the mail that warns the user of a key which someone else may have created.
    fn mails(&self, caller: &Caller, key: &ApiKey, now: Timestamp) -> Result<Vec<Outgoing>, Error> {
        let user = &caller.user;
        let occasion = Occasion::ApiKeyCreated {
            user: user.id.as_str().to_owned(),
            name: key.name.as_str().to_owned(),
        };
        let to = user.profile.email.as_ref().map(Email::as_str);
        Mailing::notice(self.mailing, to, occasion, now)
    }

    /// Returns the scopes that a key may have: those of its owner; where a registered client acts, no more than the token has, since a
    /// client has no scope that it may not ask for.
    fn bound<'a>(&self, caller: &'a Caller) -> &'a Scopes {
        let client = caller.claims.as_ref().map(|claims| &claims.client_id);
        if client == Some(&self.client_id) {
            &caller.granted
        } else {
            &caller.scopes
        }
    }
}

pub(crate) fn shown_once(key: IssuedApiKey) -> Result<Response<Body>, Error> {
    let mut response = json::response(&key)?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// A body whose every field is valid.
struct Wanted {
    name: Label,
    scopes: Scopes,
    expires_in: Option<u32>,
}

impl Wanted {
    /// Reads the body; `bound` are the scopes that it may ask for.
    fn read(request: &Request, bound: &Scopes) -> Result<Self, Error> {
        let mut fields = Fields::read(request)?;
        let name = fields.required("name", Label::parse);
        let scopes = fields.texts("scopes", |scopes| {
            let scopes = Scopes::of(scopes)?;
            if scopes.is_subset(bound) {
                Ok(scopes)
            } else {
                Err(not_granted())
            }
        });
        let expires_in = fields.positive("expires_in");
        fields.finish()?;
        Ok(Self {
            // `finish` has rejected a body whose name did not parse.
            name: name.ok_or_else(|| Error::internal("the API key", "it has no name"))?,
            scopes: scopes.unwrap_or_default(),
            expires_in,
        })
    }
}

pub(crate) fn not_granted() -> Violation {
    Violation::new(Code::Invalid, "Each must be a scope that you have")
}
