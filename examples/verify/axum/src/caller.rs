//! `Caller`: an argument of a handler, which then accepts requests with an access token alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::BoxError;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// The algorithm of `KeyKind`; never the one that a token's header names.
const ALGORITHM: Algorithm = Algorithm::RS256;
/// How long the key set is used before it is fetched again; at most what its `Cache-Control` says.
const LIFE: Duration = Duration::from_secs(300);
/// How long after a fetch an unknown key id causes none, so that made-up ids cause no load.
const COOLDOWN: Duration = Duration::from_secs(30);
/// How long after a failed fetch there is none, so that requests do not wait for one another's.
const BACKOFF: Duration = Duration::from_secs(1);

/// How long a fetch may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How large the key set may be, in bytes.
const LARGEST: usize = 65_536;

/// The claims of a token that was verified.
#[derive(Deserialize)]
pub(crate) struct Caller {
    /// The user's id.
    pub(crate) sub: String,
}

/// Why a request has no caller.
pub(crate) enum Rejection {
    NoToken,
    InvalidToken,
    /// The keys cannot be fetched, which says nothing about the token: a 401 would log users out.
    NoKeys,
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let challenge = |value| (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, value)]).into_response();
        match self {
            Self::NoToken => challenge("Bearer"),
            Self::InvalidToken => challenge(r#"Bearer error="invalid_token""#),
            Self::NoKeys => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller
where
    Verifier: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let header = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        match header.and_then(|value| value.split_once(' ')) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Verifier::from_ref(state).verify(token).await
            }
            _ => Err(Rejection::NoToken),
        }
    }
}

/// Verifies tokens of one issuer for one audience.
#[derive(Clone)]
pub(crate) struct Verifier(Arc<Inner>);

struct Inner {
    jwks_uri: Uri,
    client: Client<HttpsConnector<HttpConnector>, Body>,
    validation: Validation,
    keys: Mutex<Keys>,
}

/// The key set, when it is too old, before when it is not fetched, and whether the last fetch failed.
struct Keys {
    set: JwkSet,
    stale: Instant,
    next_fetch: Instant,
    failed: bool,
}

impl Verifier {
    pub(crate) fn new(issuer: &str, audience: &str) -> Result<Self, BoxError> {
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        // A claim that is absent would not be compared.
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = 60;
        let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let tls = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Plain HTTP is for `cargo dev`.
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        let now = Instant::now();
        Ok(Self(Arc::new(Inner {
            jwks_uri: format!("{issuer}/.well-known/jwks.json").parse()?,
            client: Client::builder(TokioExecutor::new()).build(https),
            validation,
            keys: Mutex::new(Keys {
                set: JwkSet { keys: vec![] },
                stale: now,
                next_fetch: now,
                failed: false,
            }),
        })))
    }

    async fn verify(&self, token: &str) -> Result<Caller, Rejection> {
        let header = decode_header(token).map_err(|_| Rejection::InvalidToken)?;
        // `at+jwt` marks an access token; the validation does not look at it.
        if header.typ.as_deref() != Some("at+jwt") {
            return Err(Rejection::InvalidToken);
        }
        let jwk = self.key(&header.kid.ok_or(Rejection::InvalidToken)?).await?;
        DecodingKey::from_jwk(&jwk)
            .and_then(|key| decode(token, &key, &self.0.validation))
            .map(|token| token.claims)
            .map_err(|_| Rejection::InvalidToken)
    }

    /// Returns a key of the set. One request fetches for all that wait.
    async fn key(&self, kid: &str) -> Result<Jwk, Rejection> {
        let mut keys = self.0.keys.lock().await;
        let now = Instant::now();
        if (now >= keys.stale || keys.set.find(kid).is_none()) && now >= keys.next_fetch {
            let fetched = timeout(TIMEOUT, self.fetch()).await;
            match fetched.map_err(BoxError::from).flatten() {
                Ok(set) => {
                    *keys = Keys {
                        set,
                        stale: now + LIFE,
                        next_fetch: now + COOLDOWN,
                        failed: false,
                    }
                }
                Err(_) => {
                    keys.next_fetch = Instant::now() + BACKOFF;
                    keys.failed = true;
                }
            }
        }
        if now >= keys.stale {
            return Err(Rejection::NoKeys);
        }
        match keys.set.find(kid) {
            Some(key) => Ok(key.clone()),
            // It may be a new key of the set that was not fetched.
            None if keys.failed => Err(Rejection::NoKeys),
            None => Err(Rejection::InvalidToken),
        }
    }

    async fn fetch(&self) -> Result<JwkSet, BoxError> {
        let response = self.0.client.get(self.0.jwks_uri.clone()).await?;
        if response.status() != StatusCode::OK {
            return Err(response.status().to_string().into());
        }
        let body = to_bytes(Body::new(response.into_body()), LARGEST).await?;
        Ok(serde_json::from_slice(&body)?)
    }
}
