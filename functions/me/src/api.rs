//! What the OpenAPI document says of `GET /users/me`.

use shared::error::{Error, Problem};
use shared::function::HttpFunction;
use shared::http::json;
use shared::openapi;
use shared::users::User;
use utoipa::{IntoResponses, OpenApi, ToSchema};

use crate::Me;

#[derive(OpenApi)]
#[openapi(paths(me), components(schemas(Problem<'static>, User)))]
pub(crate) struct Document;

/// Documents `GET /users/me`.
#[utoipa::path(
    get,
    path = "/users/me",
    operation_id = "me",
    summary = "Read yourself",
    description = "The user of the access token.",
    tag = "users",
    responses(Responses),
    security(("password" = []), ("token" = [])),
)]
pub fn me() {}

/// Every response of `GET /users/me`.
pub struct Responses;

impl IntoResponses for Responses {
    fn responses() -> openapi::Responses {
        let success = User::example().and_then(|user| json::response(&user));
        let errors = vec![
            ("no_token", Error::NotAuthenticated),
            ("invalid_token", Error::InvalidToken),
            ("malformed", Error::MalformedAuthorization),
            ("inactive", Error::Inactive),
            ("unavailable", Error::unavailable("", "")),
            ("fault", Error::internal("", "")),
        ];
        openapi::responses(Me::ERROR_FORMAT, &User::name(), "user", success, errors)
    }
}
