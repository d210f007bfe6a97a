//! `POST /api-keys`, `GET /api-keys` and `DELETE /api-keys/{id}`: one's own API keys. They are made and ended by an access token, never by
//! a key.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::authenticate::authenticate_with_api_keys;
use shared::clock::Clock;
use shared::env::{CLIENT_ID, Env};
use shared::error::{Error, ErrorFormat};
use shared::events::Event;
use shared::function::{Function, HttpFunction, StartError};
use shared::http::{empty, json, request};
use shared::mail::Mailing;
use shared::table::Table;
use shared::tokens::Verifier;
use shared::users::Users;
use utoipa::OpenApi;

pub mod api;
mod create;
mod shown;

use shown::ApiKeyList;

/// The path of all of one's keys.
const PATH: &str = "/api-keys";
/// The path of one of them.
const ONE_PATH: &str = "/api-keys/{id}";

/// The function `api-keys`: the users, and the published keys to verify tokens by.
pub struct ApiKeys {
    users: Users,
    verifier: Verifier,
    /// `None` where there is no mail.
    mailing: Option<Mailing>,
    clock: Clock,
    /// The `client_id` of tokens that no registered client asked for.
    client_id: String,
}

impl Function for ApiKeys {
    const NAME: &'static str = "api-keys";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let table = Table::connect(env).await?;
        Ok(Self {
            users: Users::new(table.clone()),
            verifier: Verifier::new(table, env, clock)?,
            mailing: Mailing::read(env)?,
            clock: clock.clone(),
            client_id: env.get(&CLIENT_ID)?,
        })
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.verifier.prepare().await
    }
}

impl HttpFunction for ApiKeys {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;

    fn openapi() -> utoipa::openapi::OpenApi {
        api::Document::openapi()
    }

    /// Responds 201 with the new key, 200 with all keys, or 204 once one has ended.
    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        match request::route(&request) {
            ("POST", PATH, "") => self.create(&request).await,
            ("GET", PATH, "") => self.list(&request).await,
            ("DELETE", ONE_PATH, id) => self.end(&request, id).await,
            _ => Err(Error::NotFound),
        }
    }
}

impl ApiKeys {
    async fn list(&self, request: &Request) -> Result<Response<Body>, Error> {
        let (caller, keys) = authenticate_with_api_keys(&self.verifier, request).await?;
        json::response(&ApiKeyList::new(&caller.user.id, keys))
    }

    async fn end(&self, request: &Request, id: &str) -> Result<Response<Body>, Error> {
        let (caller, keys) = authenticate_with_api_keys(&self.verifier, request).await?;
        if !keys.contains_key(id) {
            return Err(Error::NoSuchApiKey);
        }
        // Where it has ended since, by another request or by this one whose response was lost, nothing is left to do.
        if self.users.end_api_key(&caller.user.id, id).await? {
            Event::ApiKeyEnded {
                user: caller.user.id.as_str(),
                key: id,
            }
            .log();
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }
}
