//! `POST /token`: the OAuth 2.0 token endpoint with the grant `password` (RFC 6749 sections 3.2 and 4.3).

use std::sync::Arc;

use futures_util::future::try_join;
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::app::{App, Function};
use shared::clock::Timestamp;
use shared::config::Need;
use shared::error::{Dialect, Error};
use shared::form::Form;
use shared::http;
use shared::jwt::{self, Claims};
use shared::names::NameKey;
use shared::password::{Password, StoredHash, Verdict};
use shared::ring::Ring;
use shared::user::User;
use utoipa::ToSchema;

pub mod api;

/// The function.
pub const FUNCTION: Function = Function {
    name: "token",
    dialect: Dialect::OAuth,
    needs: &[
        Need::Store,
        Need::Passwords,
        Need::Tokens,
        Need::Signing,
        Need::Grants,
        Need::TokenLife,
        Need::Ring,
        Need::Lead,
    ],
};

/// The parameters that are known; of each there may be one. A client's id and secret are known and not looked at, until
/// clients can be registered.
const PARAMETERS: &[&str] = &[
    "grant_type",
    "username",
    "password",
    "scope",
    "client_id",
    "client_secret",
];

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
    /// When it ends.
    expires: Timestamp,
}

/// Answers 200 with an access token of RFC 9068.
///
/// # Errors
///
/// The rows of the OAuth table, in its order.
#[utoipa::path(
    post,
    path = "/token",
    operation_id = "token",
    summary = "Log in",
    description = "The OAuth 2.0 token endpoint with the grant `password` (RFC 6749 section 4.3). For first-party clients: RFC 9700 section 2.4 advises others against this grant. Answers with an access token of RFC 9068.",
    tag = "tokens",
    request_body(
        content(
            (api::TokenRequest = "application/x-www-form-urlencoded"),
            (api::TokenRequest = "multipart/form-data"),
        ),
    ),
    responses(api::Answers),
    security(()),
)]
pub async fn handler(app: App, request: Request) -> Result<Response<Body>, Error> {
    http::only_trailing_slash(&request)?;
    let grant = PasswordGrant::read(&request, app.grants()?.password).await?;
    // The keys are read beside the store; a log-in that is refused does not wait for them.
    let keys = async { Ok(app.ring().await) };
    let (user, keys) = try_join(authenticate(&app, grant), keys).await?;
    http::json(&issue(&app, &user, &*keys?)?)
}

/// The user who logs in and gets all that the grant asks for.
async fn authenticate(app: &App, grant: PasswordGrant) -> Result<User, Error> {
    let user = log_in(app, &grant.username, grant.password).await?;
    if user.disabled {
        return Err(Error::InactiveAtLogIn);
    }
    if grant.asks_for_scope {
        return Err(Error::InvalidScope);
    }
    Ok(user)
}

/// What the grant `password` needs.
struct PasswordGrant {
    username: String,
    /// `None` where it is longer than any password can be.
    password: Option<Password>,
    asks_for_scope: bool,
}

impl PasswordGrant {
    /// `offered` says whether the deployment offers this grant at all.
    async fn read(request: &Request, offered: bool) -> Result<Self, Error> {
        let mut form = Form::read(request, PARAMETERS).await?;
        let grant_type = form.take("grant_type");
        let username = form.take("username");
        let password = form.take("password");
        match grant_type.as_ref().map(|grant| grant.as_str()) {
            Some("password") => {}
            Some(_) => return Err(Error::UnsupportedGrantType),
            // Every FastAPI client may leave it out.
            None if username.is_some() && password.is_some() => {}
            None => return Err(missing("The parameter grant_type is missing")),
        }
        if !offered {
            return Err(Error::UnsupportedGrantType);
        }
        let username = username.ok_or_else(|| missing("The parameter username is missing"))?;
        let mut password = password.ok_or_else(|| missing("The parameter password is missing"))?;
        Ok(Self {
            username: username.to_string(),
            password: Password::attempt(std::mem::take(&mut password)),
            asks_for_scope: form.take("scope").is_some(),
        })
    }
}

fn missing(rule: &'static str) -> Error {
    Error::InvalidRequest(rule.into())
}

/// The user whose password this is. An unknown user costs what a known one costs: the same reads and one hash.
async fn log_in(app: &App, username: &str, password: Option<Password>) -> Result<User, Error> {
    let password = Arc::new(password.ok_or(Error::WrongCredentials)?);
    let name = NameKey::at_log_in(username);
    let (user, hash) = app
        .store()?
        .credentials(name.as_ref(), app.clock().now())
        .await?
        .unzip();
    let verdict = app.hasher()?.verify(Arc::clone(&password), hash.clone()).await?;
    let (Some(user), Some(hash)) = (user, hash) else {
        return Err(Error::WrongCredentials);
    };
    match verdict {
        Verdict::Wrong => Err(Error::WrongCredentials),
        Verdict::Unreadable => {
            tracing::warn!(user = user.id.as_str(), "the stored password hash cannot be read");
            Err(Error::WrongCredentials)
        }
        Verdict::Right { renew } => {
            if renew && !user.disabled {
                renew_hash(app, &user, password, &hash).await;
            }
            Ok(user)
        }
    }
}

/// Replaces a hash that is weaker than today's. The log-in does not depend on it: the next one tries again.
async fn renew_hash(app: &App, user: &User, password: Arc<Password>, old: &StoredHash) {
    let renewed = async {
        let new = app.hasher()?.hash(password).await?;
        app.store()?.renew_hash(&user.id, old, &new).await
    };
    if let Err(error) = renewed.await {
        tracing::warn!(
            ?error,
            user = user.id.as_str(),
            "the password hash was not renewed"
        );
    }
}

fn issue(app: &App, user: &User, ring: &Ring) -> Result<TokenResponse, Error> {
    let life_seconds = app.access_token_seconds()?;
    let now = app.clock().now();
    let key = ring
        .signer(now, app.lead()?.reach_seconds(life_seconds))
        .ok_or_else(|| Error::unavailable("the keys", "no key of the ring may sign now"))?;
    let claims = Claims::at_log_in(&user.id, app.tokens()?, app.signing()?, life_seconds, now)?;
    Ok(TokenResponse {
        access_token: jwt::sign(&claims, key)?,
        token_type: "bearer",
        expires_in: life_seconds,
        expires: now.plus(life_seconds),
    })
}
