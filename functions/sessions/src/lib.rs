//! `GET /sessions`, `DELETE /sessions/{id}` and `DELETE /sessions`: one's own sessions, and their end.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::authenticate::{authenticate, authenticate_with_sessions};
use shared::clock::Clock;
use shared::env::{ENABLE_REFRESH_TOKENS, Env};
use shared::error::{Error, ErrorFormat};
use shared::events::Event;
use shared::function::{Function, HttpFunction, StartError};
use shared::http::{empty, json, request};
use shared::table::Table;
use shared::tokens::Verifier;
use shared::users::Users;
use utoipa::OpenApi;

pub mod api;
mod list;

use list::SessionList;

/// The path of all of one's sessions.
const PATH: &str = "/sessions";
/// The path of one of them.
const ONE_PATH: &str = "/sessions/{id}";

/// The function `sessions`: the users, and the published keys to verify tokens by.
pub struct Sessions {
    users: Users,
    verifier: Verifier,
    /// `false` where log-ins begin no session.
    enabled: bool,
    clock: Clock,
}

impl Function for Sessions {
    const NAME: &'static str = "sessions";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let table = Table::connect(env).await?;
        Ok(Self {
            users: Users::new(table.clone()),
            verifier: Verifier::new(table, env, clock)?,
            enabled: env.get(&ENABLE_REFRESH_TOKENS)?,
            clock: clock.clone(),
        })
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.verifier.prepare().await
    }
}

impl HttpFunction for Sessions {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;

    fn openapi() -> utoipa::openapi::OpenApi {
        api::Document::openapi()
    }

    /// Responds 200 with the sessions, or 204 once they have ended.
    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        match request::route(&request) {
            ("GET", PATH, "") => self.list(&request).await,
            ("DELETE", PATH, "") => self.end_others(&request).await,
            ("DELETE", ONE_PATH, id) => self.end(&request, id).await,
            _ => Err(Error::NotFound),
        }
    }
}

impl Sessions {
    async fn list(&self, request: &Request) -> Result<Response<Body>, Error> {
        let (caller, mut sessions) = authenticate_with_sessions(&self.verifier, request).await?;
        if !self.enabled {
            sessions.clear();
        }
        let current = caller.session_id();
        json::response(&SessionList::new(sessions, current, self.clock.now()))
    }

    /// Ends one session. The caller's own needs the token alone, as a log-out does.
    async fn end(&self, request: &Request, id: &str) -> Result<Response<Body>, Error> {
        let (caller, sessions) = authenticate_with_sessions(&self.verifier, request).await?;
        let now = self.clock.now();
        if caller.session_id() != Some(id) {
            caller.require_recent_authentication(now)?;
        }
        if !sessions.get(id).is_some_and(|session| session.is_live(now)) {
            return Err(Error::NoSuchSession);
        }
        // Where it has ended since, by another request or by this one whose response was lost, nothing is left to do.
        if self.users.end_session(&caller.user.id, id, now).await? {
            Event::SessionEnded {
                user: caller.user.id.as_str(),
                session: id,
            }
            .log();
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Ends all sessions but the caller's.
    async fn end_others(&self, request: &Request) -> Result<Response<Body>, Error> {
        let caller = authenticate(&self.verifier, request).await?;
        caller.require_recent_authentication(self.clock.now())?;
        let own = caller.session_id().zip(caller.session.as_ref());
        self.users.end_other_sessions(&caller.user.id, own).await?;
        Event::SessionsEnded {
            user: caller.user.id.as_str(),
        }
        .log();
        Ok(empty(StatusCode::NO_CONTENT))
    }
}
