//! `GET /.well-known/jwks.json`, `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`: all that a
//! verifier needs to know of this service (RFC 7517, RFC 8414).

use lambda_http::http::{HeaderMap, HeaderValue, header};
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::clock::Clock;
use shared::env::{ALLOWED_ORIGINS, Env};
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use shared::http::{json, request};
use shared::keys::{Cached, Lead, PublishedStore};
use shared::scope::Scopes;
use shared::table::Table;
use shared::tokens::{Grants, Issuer};
use utoipa::OpenApi;

pub mod api;
mod metadata;

use metadata::Metadata;

/// The path of the JWK Set, which the metadata name.
pub const JWKS_PATH: &str = "/.well-known/jwks.json";
/// The path of the metadata (RFC 8414 section 3).
const METADATA_PATH: &str = "/.well-known/oauth-authorization-server";
/// The path of the metadata in OpenID Connect Discovery, which most clients ask first.
const OPENID_PATH: &str = "/.well-known/openid-configuration";

/// The function `well-known`: the published keys, and what the metadata name.
pub struct WellKnown {
    keys: Cached<PublishedStore>,
    issuer: Issuer,
    grants: Grants,
    scopes: Scopes,
    lead: Lead,
    /// `true` where `ALLOWED_ORIGINS` names any, since then the gateway sets the CORS headers.
    gateway_owns_cors: bool,
    clock: Clock,
}

impl Function for WellKnown {
    const NAME: &'static str = "well-known";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let lead = Lead::read(env)?;
        let store = PublishedStore::new(Table::connect(env).await?);
        Ok(Self {
            keys: Cached::new(store, clock.clone(), lead.copy_seconds()),
            issuer: Issuer::read(env)?,
            grants: Grants::read(env)?,
            scopes: Scopes::read(env)?,
            lead,
            gateway_owns_cors: !env.get(&ALLOWED_ORIGINS)?.is_empty(),
            clock: clock.clone(),
        })
    }
}

impl HttpFunction for WellKnown {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;

    fn openapi() -> utoipa::openapi::OpenApi {
        api::Document::openapi()
    }

    /// Responds 200 with the JWK Set or the metadata. Any page may read them, and why there are none.
    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let result = match request::route(&request) {
            ("GET", JWKS_PATH, "") => self.jwks().await,
            ("GET", OPENID_PATH | METADATA_PATH, "") => self.metadata(),
            _ => Err(Error::NotFound),
        };
        let id = request::id(&request);
        let mut response = result.unwrap_or_else(|error| error.into_response(Self::ERROR_FORMAT, id));
        if !self.gateway_owns_cors {
            allow_any_origin(response.headers_mut());
        }
        Ok(response)
    }
}

impl WellKnown {
    /// Responds with the JWK Set (RFC 7517 section 5).
    async fn jwks(&self) -> Result<Response<Body>, Error> {
        let set = self.keys.get().await?.jwk_set(self.clock.now());
        if set.keys.is_empty() {
            return Err(Error::unavailable(
                "the keys",
                "all that were published are past their dates",
            ));
        }
        public(&set, self.lead)
    }

    /// Responds with the metadata (RFC 8414), the same under its own name and under that of OpenID Connect Discovery, since that is
    /// where API Gateway and most libraries look.
    fn metadata(&self) -> Result<Response<Body>, Error> {
        public(&Metadata::new(&self.issuer, self.grants, &self.scopes), self.lead)
    }
}

fn allow_any_origin(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}

/// Creates a response that caches may keep for a while.
fn public(value: &impl Serialize, lead: Lead) -> Result<Response<Body>, Error> {
    let mut response = json::response(value)?;
    let cache = HeaderValue::try_from(format!("public, max-age={}", lead.cache_seconds()))
        .map_err(|error| Error::internal("the header", error.to_string()))?;
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    Ok(response)
}
