//! `GET /users/me`: the user of an access token.

use lambda_http::{Body, Request, Response};
use shared::app::{App, Function};
use shared::bearer;
use shared::config::Need;
use shared::error::{Dialect, Error};
use shared::http;

pub mod api;

/// The function.
pub const FUNCTION: Function = Function {
    name: "me",
    dialect: Dialect::Problem,
    needs: &[Need::Store, Need::Tokens, Need::Verification, Need::Lead],
};

/// Answers 200 with the user of the access token.
///
/// # Errors
///
/// The rows of the problem table for a bearer token: 401, 400, 503.
#[utoipa::path(
    get,
    path = "/users/me",
    operation_id = "me",
    summary = "Read yourself",
    description = "The user of the access token.",
    tag = "users",
    responses(api::Answers),
    security(("password" = []), ("bearer" = [])),
)]
pub async fn handler(app: App, request: Request) -> Result<Response<Body>, Error> {
    http::only_trailing_slash(&request)?;
    let claims = app.verify(bearer::token(request.headers())?).await?;
    let user = app.store()?.user(&claims.sub).await?.ok_or(Error::InvalidToken)?;
    if user.disabled {
        return Err(Error::Inactive);
    }
    http::json(&user)
}
