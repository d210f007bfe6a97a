//! `GET /users/me`: the user of an access token.

use lambda_http::{Body, Request, Response};
use shared::authenticate::authenticate;
use shared::clock::Clock;
use shared::env::Env;
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use shared::http::{json, request};
use shared::table::Table;
use shared::tokens::Verifier;
use shared::users::Users;
use utoipa::OpenApi;

pub mod api;

/// The path of its one route.
const PATH: &str = "/users/me";

/// The function `me`: the users, and the published keys to verify tokens by.
pub struct Me {
    users: Users,
    verifier: Verifier,
}

impl Function for Me {
    const NAME: &'static str = "me";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let table = Table::connect(env).await?;
        Ok(Self {
            users: Users::new(table.clone()),
            verifier: Verifier::new(table, env, clock)?,
        })
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.verifier.prepare().await
    }
}

impl HttpFunction for Me {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;

    fn openapi() -> utoipa::openapi::OpenApi {
        api::Document::openapi()
    }

    /// Responds 200 with the user of the access token.
    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let ("GET", PATH, "") = request::route(&request) else {
            return Err(Error::NotFound);
        };
        let caller = authenticate(&self.verifier, &self.users, &request).await?;
        json::response(&caller.user)
    }
}
