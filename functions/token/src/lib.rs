//! `POST /token`, the OAuth 2.0 token endpoint (RFC 6749 section 3.2), `POST /revoke` and `POST /introspect`.

use lambda_http::{Body, Request};
use serde::Serialize;
use shared::clients::{Clients, PresentedClient};
use shared::clock::{Clock, Timestamp};
use shared::env::{Env, NOTIFY_NEW_NETWORK};
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use shared::guesses::Guesses;
use shared::http::form::Form;
use shared::http::{json, request};
use shared::mail::Mailing;
use shared::passwords::{HashCost, Hasher, LogInBudget};
use shared::sessions::{Policy, RefreshToken};
use shared::table::Table;
use shared::throttle::Refusals;
use shared::tokens::{Grants, Issued, Signer, Verifier};
use shared::users::Users;
use utoipa::{OpenApi, ToSchema};

pub mod api;
mod device;
mod grants;
mod introspect;
mod migration;
mod revoke;

use device::Origin;
use grants::password::PasswordGrant;
use grants::refresh_token::RefreshTokenGrant;
use migration::Migration;

/// The path of the token endpoint.
const PATH: &str = "/token";
/// The path of the revocation endpoint (RFC 7009).
const REVOKE_PATH: &str = "/revoke";

/// The path of the introspection endpoint (RFC 7662).
const INTROSPECTION_PATH: &str = "/introspect";

/// The parameters that are known; each may be sent once.
const PARAMETERS: &[&str] = &[
    "grant_type",
    "username",
    "password",
    "refresh_token",
    "device_token",
    "scope",
    "client_id",
    "client_secret",
];

/// The function `token`: the users, a hasher of passwords, the private keys, the published ones, by which `/revoke` verifies access
/// tokens, and the endpoint of users who are still elsewhere.
pub struct Token {
    users: Users,
    clients: Clients,
    guesses: Guesses,
    hasher: Hasher,
    /// The refresh tokens that were rejected a moment ago.
    rejected: Refusals<()>,
    signer: Signer,
    verifier: Verifier,
    grants: Grants,
    /// `None` where a log-in begins no session.
    sessions: Option<Policy>,
    /// `None` where no users are elsewhere.
    migration: Option<Migration>,
    /// Where a log-in from a network that is new for the user sends a mail.
    new_networks: Option<Mailing>,
    clock: Clock,
}

impl Function for Token {
    const NAME: &'static str = "token";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let table = Table::connect(env).await?;
        let notifies = env.get(&NOTIFY_NEW_NETWORK)?;
        let hasher = Hasher::new(HashCost::read(env)?).with_budget(LogInBudget::read(env)?);
        Ok(Self {
            users: Users::new(table.clone()),
            clients: Clients::new(table.clone()),
            guesses: Guesses::new(table.clone(), env, hasher.clone(), clock)?,
            hasher,
            rejected: Refusals::default(),
            signer: Signer::connect(env, clock).await?,
            verifier: Verifier::new(table, env, clock)?,
            grants: Grants::read(env)?,
            sessions: Policy::read(env)?,
            migration: Migration::read(env, clock)?,
            new_networks: Mailing::read(env)?.filter(|_| notifies),
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

    /// Responds 200 with an access token of RFC 9068, or to a revocation.
    async fn handle(&self, request: Request) -> Result<lambda_http::Response<Body>, Error> {
        match request::route(&request) {
            ("POST", PATH, "") => json::response(&TokenResponse::from(self.token(&request).await?)),
            ("POST", REVOKE_PATH, "") => self.revoke(&request).await,
            ("POST", INTROSPECTION_PATH, "") => self.introspect(&request).await,
            _ => Err(Error::NotFound),
        }
    }
}

impl Token {
    async fn token(&self, request: &Request) -> Result<Response, Error> {
        let mut form = Form::read(request, PARAMETERS).await?;
        let origin = Origin::of(request);
        let client = PresentedClient::read(request.headers(), &mut form)?;
        let grant_type = form.take("grant_type");
        match (grant_type.as_ref().map(|grant| grant.as_str()), &self.sessions) {
            (Some("password"), _) if self.grants.password => {
                self.password_grant(PasswordGrant::read(&mut form)?, client, origin)
                    .await
            }
            (Some("refresh_token"), Some(policy)) => {
                self.refresh_grant(RefreshTokenGrant::read(&mut form)?, client, policy)
                    .await
            }
            (Some("client_credentials"), _) => {
                let client = client.ok_or_else(|| PresentedClient::missing(request.headers()))?;
                self.client_credentials_grant(&mut form, client).await
            }
            (Some(_), _) => Err(Error::UnsupportedGrantType),
            // Every FastAPI client may leave it out.
            (None, _) => {
                if !form.has("username") && !form.has("password") {
                    return Err(missing("The parameter grant_type is missing"));
                }
                let grant = PasswordGrant::read(&mut form)?;
                if !self.grants.password {
                    return Err(Error::UnsupportedGrantType);
                }
                self.password_grant(grant, client, origin).await
            }
        }
    }
}

fn missing(rule: &'static str) -> Error {
    Error::InvalidRequest(rule.into())
}

/// What a grant issues.
struct Response {
    issued: Issued,
    refresh_token: Option<RefreshToken>,
    scope: Option<String>,
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
    /// Continues the session by `grant_type=refresh_token`. Opaque, at most 512 characters. Absent where log-ins begin no session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// The granted scopes, with a space between each two. Absent where none was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("links:read links:write"))]
    scope: Option<String>,
}

impl From<Response> for TokenResponse {
    fn from(response: Response) -> Self {
        let issued = response.issued;
        Self {
            scope: response.scope,
            refresh_token: response.refresh_token.map(|token| token.as_str().to_owned()),
            access_token: issued.access_token,
            token_type: "bearer",
            expires_in: issued.expires_in,
            expires: issued.expires,
        }
    }
}
