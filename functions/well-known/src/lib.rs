//! `GET /.well-known/jwks.json`, `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`: all that a
//! verifier needs to know of us (RFC 7517, RFC 8414).

use lambda_http::http::{HeaderMap, HeaderValue, header};
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::app::{App, Function};
use shared::config::{LeadConfig, Need};
use shared::error::{Dialect, Error};
use shared::http;

pub mod api;
mod metadata;

use metadata::Metadata;

/// The function.
pub const FUNCTION: Function = Function {
    name: "well-known",
    dialect: Dialect::Problem,
    needs: &[Need::Store, Need::Tokens, Need::Grants, Need::Lead, Need::Origins],
};

/// The path of the JWK Set, which the metadata name.
pub const JWKS_PATH: &str = "/.well-known/jwks.json";

/// Answers 200 with the JWK Set or the metadata. Any page may read them, and why there are none.
///
/// # Errors
///
/// [`Error::Internal`] where the configuration is not all there; every other error is answered here.
pub async fn handler(app: App, request: Request) -> Result<Response<Body>, Error> {
    let request_id = http::request_id(&request);
    let gateway_owns_cors = app.gateway_owns_cors()?;
    let answered = match request.uri().path().rsplit('/').next() {
        Some("jwks.json") => jwks(app).await,
        Some("openid-configuration") => openid_configuration(app).await,
        Some("oauth-authorization-server") => oauth_authorization_server(app).await,
        _ => Err(Error::NotFound),
    };
    let mut response = answered.unwrap_or_else(|error| error.into_response(FUNCTION.dialect, &request_id));
    if !gateway_owns_cors {
        allow_any_origin(response.headers_mut());
    }
    Ok(response)
}

fn allow_any_origin(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}

/// The JWK Set (RFC 7517 section 5).
///
/// # Errors
///
/// [`Error::Unavailable`] while there is none or it cannot be reached.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "jwks",
    summary = "The keys",
    description = "The public keys that access tokens verify by: those that sign, those that will, and those that have signed tokens that may yet be valid.",
    tag = "discovery",
    responses(api::JwksAnswers),
    security(()),
)]
pub async fn jwks(app: App) -> Result<Response<Body>, Error> {
    let set = app.public_keys().await?.jwk_set(app.clock().now());
    if set.keys.is_empty() {
        return Err(Error::unavailable(
            "the keys",
            "all that were published are past their dates",
        ));
    }
    public(&set, app.lead()?)
}

/// The metadata under the name that OpenID Connect Discovery gave it, since that is where API Gateway and most libraries look.
///
/// # Errors
///
/// [`Error::Internal`] where it cannot be written.
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    operation_id = "openid_configuration",
    summary = "The metadata, where most clients look",
    description = "The same as `/.well-known/oauth-authorization-server`. This is no OpenID Provider: what only one of those has is absent.",
    tag = "discovery",
    responses(api::MetadataAnswers),
    security(()),
)]
pub async fn openid_configuration(app: App) -> Result<Response<Body>, Error> {
    metadata(&app)
}

/// The metadata under the name of RFC 8414 section 3.
///
/// # Errors
///
/// [`Error::Internal`] where it cannot be written.
#[utoipa::path(
    get,
    path = "/.well-known/oauth-authorization-server",
    operation_id = "oauth_authorization_server",
    summary = "The metadata",
    description = "Authorization server metadata of RFC 8414: what works here.",
    tag = "discovery",
    responses(api::MetadataAnswers),
    security(()),
)]
pub async fn oauth_authorization_server(app: App) -> Result<Response<Body>, Error> {
    metadata(&app)
}

fn metadata(app: &App) -> Result<Response<Body>, Error> {
    let metadata = Metadata::of(app.tokens()?, app.grants()?);
    public(&metadata, app.lead()?)
}

/// An answer that anyone may keep for a while.
fn public(value: &impl Serialize, lead: LeadConfig) -> Result<Response<Body>, Error> {
    let mut response = http::json(value)?;
    let cache = HeaderValue::try_from(format!("public, max-age={}", lead.cache_seconds()))
        .map_err(|error| Error::internal("the header", error.to_string()))?;
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    Ok(response)
}
