//! What the OpenAPI document says of `/sessions`.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use shared::error::{Error, Problem};
use shared::http::{empty, json};
use shared::openapi;
use utoipa::{IntoResponses, OpenApi, ToSchema};

use crate::list::OwnSession;
use crate::{ONE_PATH, PATH, SessionList};

#[derive(OpenApi)]
#[openapi(paths(sessions, end_session, end_other_sessions), components(schemas(Problem<'static>, OwnSession, SessionList)))]
pub(crate) struct Document;

/// Documents `GET /sessions`.
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "sessions",
    summary = "List your sessions",
    description = "The sessions of the access token's user, the newest first. Where no refresh tokens are issued there are none.",
    tag = "sessions",
    responses(ListResponses),
    security(("password" = []), ("token" = [])),
)]
pub fn sessions() {}

/// Documents `DELETE /sessions/{id}`.
#[utoipa::path(
    delete,
    path = ONE_PATH,
    operation_id = "end_session",
    summary = "End one of your sessions",
    description = "Its refresh token and its access tokens end at once. For another session than the access token's, a log-in of the last 5 minutes is needed (RFC 9470).",
    tag = "sessions",
    params(("id" = String, Path, description = "The session's id.", example = "01KAY2Z3M4N5P6Q7R8S9T0V1W2")),
    responses(EndResponses),
    security(("password" = []), ("token" = [])),
)]
pub fn end_session() {}

/// Documents `DELETE /sessions`.
#[utoipa::path(
    delete,
    path = PATH,
    operation_id = "end_other_sessions",
    summary = "End your other sessions",
    description = "All but the access token's. A log-in of the last 5 minutes is needed (RFC 9470).",
    tag = "sessions",
    responses(EndOthersResponses),
    security(("password" = []), ("token" = [])),
)]
pub fn end_other_sessions() {}

/// Every response of `GET /sessions`.
pub struct ListResponses;

impl IntoResponses for ListResponses {
    fn responses() -> openapi::Responses {
        responses(json::response(&SessionList::example()), vec![])
    }
}

/// Every response of `DELETE /sessions/{id}`.
pub struct EndResponses;

impl IntoResponses for EndResponses {
    fn responses() -> openapi::Responses {
        responses(
            Ok(empty(StatusCode::NO_CONTENT)),
            vec![
                ("old_log_in", Error::InsufficientUserAuthentication),
                ("no_session", Error::NoSuchSession),
            ],
        )
    }
}

/// Every response of `DELETE /sessions`.
pub struct EndOthersResponses;

impl IntoResponses for EndOthersResponses {
    fn responses() -> openapi::Responses {
        responses(
            Ok(empty(StatusCode::NO_CONTENT)),
            vec![("old_log_in", Error::InsufficientUserAuthentication)],
        )
    }
}

fn responses(success: Result<Response<Body>, Error>, own: Vec<(&'static str, Error)>) -> openapi::Responses {
    openapi::behind_a_token(&SessionList::name(), "sessions", success, own)
}
