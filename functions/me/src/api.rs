//! What the OpenAPI document says of `/users/me` and its password.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde_json::json;
use shared::error::{Conflict, Error, FieldError, Problem};
use shared::http::{body, empty, json as http_json};
use shared::openapi::{self, or_null};
use shared::passwords::Password;
use shared::users::{Email, FullName, User, Username, Website};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::{IntoResponses, OpenApi, PartialSchema, ToSchema};

use crate::change::no_name;
use crate::password::wrong;
use crate::{PASSWORD_PATH, PATH};

#[derive(OpenApi)]
#[openapi(
    paths(me, change_me, change_password, delete_me),
    components(schemas(Problem<'static>, User))
)]
pub(crate) struct Document;

/// Documents `GET /users/me`.
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "me",
    summary = "Read yourself",
    description = "The user of the access token.",
    tag = "users",
    responses(Responses),
    security(("password" = []), ("token" = [])),
)]
pub fn me() {}

/// Documents `PATCH /users/me`.
#[utoipa::path(
    patch,
    path = PATH,
    operation_id = "change_me",
    summary = "Change yourself",
    description = "A merge patch (RFC 7396): `null` removes. A username or an email must be left. A change of either needs a log-in of the \
                   last 5 minutes (RFC 9470); a client that gets `insufficient_user_authentication` logs in with the password again.",
    tag = "users",
    request_body(content(
        (ProfilePatch = "application/json"),
        (ProfilePatch = "application/merge-patch+json"),
    )),
    responses(Changed),
    security(("password" = []), ("token" = [])),
)]
pub fn change_me() {}

/// Documents `PUT /users/me/password`.
#[utoipa::path(
    put,
    path = PASSWORD_PATH,
    operation_id = "change_password",
    summary = "Change your password",
    description = "Needs the current one, and ends the other sessions unless asked not to.",
    tag = "users",
    request_body(content = NewPassword, content_type = "application/json"),
    responses(PasswordChanged),
    security(("password" = []), ("token" = [])),
)]
pub fn change_password() {}

/// Documents `DELETE /users/me`.
#[utoipa::path(
    delete,
    path = PATH,
    operation_id = "delete_me",
    summary = "Delete yourself",
    description = "For good: nothing personal is left. Needs a log-in of the last 5 minutes, as a change of the username does.",
    tag = "users",
    responses(Deleted),
    security(("password" = []), ("token" = [])),
)]
pub fn delete_me() {}

/// The body of `PATCH /users/me`.
pub struct ProfilePatch;

impl PartialSchema for ProfilePatch {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("username", or_null(Username::schema()))
            .property("email", or_null(Email::schema()))
            .property("full_name", or_null(FullName::schema()))
            .property("website", or_null(Website::schema()))
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .description(Some("What is absent stays; `null` removes."))
            .examples([json!({"full_name": "John H. Doe", "website": null})])
            .into()
    }
}

impl ToSchema for ProfilePatch {}

/// The body of `PUT /users/me/password`.
pub struct NewPassword;

impl PartialSchema for NewPassword {
    fn schema() -> RefOr<Schema> {
        let current = openapi::text("The password until now.", "correct horse battery").write_only(true);
        let ends_others = ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .default(Some(json!(true)))
            .description(Some("Whether the other sessions end."));
        ObjectBuilder::new()
            .property("current_password", current)
            .property("new_password", Password::schema())
            .property("end_other_sessions", or_null(ends_others.into()))
            .required("current_password")
            .required("new_password")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .into()
    }
}

impl ToSchema for NewPassword {}

/// Every response of `GET /users/me`.
pub struct Responses;

impl IntoResponses for Responses {
    fn responses() -> openapi::Responses {
        documented(shown(), vec![])
    }
}

/// Every response of `PATCH /users/me`.
pub struct Changed;

impl IntoResponses for Changed {
    fn responses() -> openapi::Responses {
        let mut errors = of_a_body(http_json::PATCH_CONTENT_TYPE);
        errors.extend([
            (
                "invalid",
                Error::Invalid(vec![FieldError::new("username", no_name())]),
            ),
            ("insufficient", Error::InsufficientUserAuthentication),
            ("username_taken", Error::Conflict(Conflict::Username)),
            ("email_taken", Error::Conflict(Conflict::Email)),
        ]);
        documented(shown(), errors)
    }
}

/// Every response of `PUT /users/me/password`.
pub struct PasswordChanged;

impl IntoResponses for PasswordChanged {
    fn responses() -> openapi::Responses {
        let mut errors = of_a_body(http_json::CONTENT_TYPE);
        errors.push(("wrong", wrong()));
        errors.push(("throttled", Error::Throttled(30)));
        documented(Ok(empty(StatusCode::NO_CONTENT)), errors)
    }
}

/// Every response of `DELETE /users/me`.
pub struct Deleted;

impl IntoResponses for Deleted {
    fn responses() -> openapi::Responses {
        let errors = vec![("insufficient", Error::InsufficientUserAuthentication)];
        documented(Ok(empty(StatusCode::NO_CONTENT)), errors)
    }
}

fn shown() -> Result<Response<Body>, Error> {
    User::example().and_then(|user| http_json::response(&user))
}

/// Returns the errors of a body that cannot be read.
fn of_a_body(content_type: &'static str) -> Vec<(&'static str, Error)> {
    vec![
        ("too_large", Error::BodyTooLarge),
        ("content_type", Error::UnsupportedMediaType(content_type)),
        ("encoded", Error::UnsupportedMediaType(body::NO_ENCODING)),
        (
            "not_an_object",
            Error::InvalidRequest(http_json::ONE_OBJECT.into()),
        ),
    ]
}

fn documented(success: Result<Response<Body>, Error>, own: Vec<(&'static str, Error)>) -> openapi::Responses {
    openapi::behind_a_token(&User::name(), "user", success, own)
}
