//! `POST /token`: the OAuth 2.0 token endpoint (RFC 6749 section 3.2).

use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::clock::{Clock, Timestamp};
use shared::env::Env;
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use shared::http::form::Form;
use shared::http::{json, request};
use shared::passwords::{HashCost, Hasher};
use shared::table::Table;
use shared::tokens::{Grants, Issued, Signer};
use shared::users::Users;
use utoipa::{OpenApi, ToSchema};

pub mod api;
mod grants;

use grants::password::PasswordGrant;

/// The path of the token endpoint.
const PATH: &str = "/token";
/// The path of the revocation endpoint (RFC 7009).
const REVOKE_PATH: &str = "/revoke";

/// The parameters that are known; each may be sent once. A client's id and secret are known and ignored, until clients can be
/// registered.
const PARAMETERS: &[&str] = &[
    "grant_type",
    "username",
    "password",
    "scope",
    "client_id",
    "client_secret",
];

/// The function `token`: the users, a hasher of passwords, and the private keys.
pub struct Token {
    users: Users,
    hasher: Hasher,
    signer: Signer,
    grants: Grants,
    clock: Clock,
}

impl Function for Token {
    const NAME: &'static str = "token";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        Ok(Self {
            users: Users::new(Table::connect(env).await?),
            hasher: Hasher::new(HashCost::read(env)?),
            signer: Signer::connect(env, clock).await?,
            grants: Grants::read(env)?,
            clock: clock.clone(),
        })
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.signer.prepare().await
    }
}

impl HttpFunction for Token {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::OAuth;

    fn openapi() -> utoipa::openapi::OpenApi {
        api::Document::openapi()
    }

    /// Responds 200 with an access token of RFC 9068.
    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let ("POST", PATH, "") = request::route(&request) else {
            return Err(Error::NotFound);
        };
        let mut form = Form::read(&request, PARAMETERS).await?;
        let grant_type = form.take("grant_type");
        let issued = match grant_type.as_ref().map(|grant| grant.as_str()) {
            Some("password") if self.grants.password => {
                self.password_grant(PasswordGrant::read(&mut form)?).await?
            }
            Some(_) => return Err(Error::UnsupportedGrantType),
            // Every FastAPI client may leave it out.
            None => {
                if !form.has("username") && !form.has("password") {
                    return Err(missing("The parameter grant_type is missing"));
                }
                let grant = PasswordGrant::read(&mut form)?;
                if !self.grants.password {
                    return Err(Error::UnsupportedGrantType);
                }
                self.password_grant(grant).await?
            }
        };
        json::response(&TokenResponse::from(issued))
    }
}

fn missing(rule: &'static str) -> Error {
    Error::InvalidRequest(rule.into())
}

/// The access token response (RFC 6749 section 5.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenResponse {
    /// A JWT of RFC 9068.
    access_token: String,
    /// Always `bearer`.
    #[schema(value_type = String, examples("bearer"))]
    token_type: &'static str,
    /// How long the token lives, in seconds.
    expires_in: u32,
    /// When it expires.
    expires: Timestamp,
}

impl From<Issued> for TokenResponse {
    fn from(issued: Issued) -> Self {
        Self {
            access_token: issued.access_token,
            token_type: "bearer",
            expires_in: issued.expires_in,
            expires: issued.expires,
        }
    }
}
