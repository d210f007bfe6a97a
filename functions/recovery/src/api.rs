//! What the OpenAPI document says of the routes that mails are asked for by, and that their tokens are spent by.

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde_json::json;
use shared::error::{Error, FieldError, Problem, Violation};
use shared::function::HttpFunction;
use shared::http::{body, empty, form, json as http_json};
use shared::openapi;
use shared::passwords::Password;
use shared::users::{Email, User};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::{IntoResponses, OpenApi, PartialSchema, ToSchema};

use crate::ask::accepted;
use crate::{ASK_TO_PROVE_PATH, FORGOT_PATH, RESET_PATH, Recovery, VERIFY_FORM_PATH, VERIFY_PATH};

#[derive(OpenApi)]
#[openapi(
    paths(request_verify_token, verify, verify_email, forgot_password, reset_password),
    components(schemas(Accepted, Problem<'static>, User))
)]
pub(crate) struct Document;

/// Documents `POST /request-verify-token`.
#[utoipa::path(
    post,
    path = ASK_TO_PROVE_PATH,
    operation_id = "request_verify_token",
    summary = "Ask for a mail to prove an address",
    description = "The response is the same for an address that has a user and for one that has none.",
    tag = "mail",
    request_body(content = Address, content_type = "application/json"),
    responses(Asked),
    security(()),
)]
pub fn request_verify_token() {}

/// Documents `POST /verify`.
#[utoipa::path(
    post,
    path = VERIFY_PATH,
    operation_id = "verify",
    summary = "Prove an address",
    description = "Needs the token of the mail, and the account's password or access token.",
    tag = "mail",
    request_body(content = Proof, content_type = "application/json"),
    responses(Verified),
    security((), ("password" = []), ("token" = [])),
)]
pub fn verify() {}

/// Documents `POST /verify-email`.
#[utoipa::path(
    post,
    path = VERIFY_FORM_PATH,
    operation_id = "verify_email",
    summary = "Prove an address by the form of the page",
    description = "As `POST /verify`, with a page as the response, whatever becomes of it.",
    tag = "mail",
    request_body(content = FormProof, content_type = "application/x-www-form-urlencoded"),
    responses(FormResponses),
    security(()),
)]
pub fn verify_email() {}

/// Documents `POST /forgot-password`.
#[utoipa::path(
    post,
    path = FORGOT_PATH,
    operation_id = "forgot_password",
    summary = "Ask for a mail to replace a forgotten password",
    description = "The response is the same for an address that has a user and for one that has none.",
    tag = "mail",
    request_body(content = Address, content_type = "application/json"),
    responses(Asked),
    security(()),
)]
pub fn forgot_password() {}

/// Documents `POST /reset-password`.
#[utoipa::path(
    post,
    path = RESET_PATH,
    operation_id = "reset_password",
    summary = "Replace a forgotten password",
    description = "Needs the token of the mail. Ends every session and every API key, proves the address, and logs no user in. A password \
                   that breaks a rule does not spend the token.",
    tag = "mail",
    request_body(content((Reset = "application/json"), (Reset = "application/x-www-form-urlencoded"))),
    responses(WasReset),
    security(()),
)]
pub fn reset_password() {}

fn object(fields: ObjectBuilder) -> RefOr<Schema> {
    fields
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .into()
}

fn token() -> ObjectBuilder {
    openapi::text("The token of the mail.", EXAMPLE_TOKEN).write_only(true)
}

const EXAMPLE_TOKEN: &str = "bWFpbGVkIHRva2VucyBhcmUgNDMgY2hhcmFjdGVycyE";

/// The response where a mail is asked for.
pub struct Accepted;

impl PartialSchema for Accepted {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Null)
            .description(Some("Always `null`."))
            .into()
    }
}

impl ToSchema for Accepted {}

/// The body that asks for a mail.
pub struct Address;

impl PartialSchema for Address {
    fn schema() -> RefOr<Schema> {
        object(
            ObjectBuilder::new()
                .property("email", Email::schema())
                .required("email")
                .examples([json!({"email": "johndoe@example.com"})]),
        )
    }
}

impl ToSchema for Address {}

/// The body of `POST /verify`.
pub struct Proof;

impl PartialSchema for Proof {
    fn schema() -> RefOr<Schema> {
        let password = openapi::text(
            "The account's; not needed beside its access token.",
            "correct horse battery",
        );
        object(
            ObjectBuilder::new()
                .property("token", token())
                .required("token")
                .property("password", openapi::or_null(password.write_only(true).into()))
                .examples([json!({"token": EXAMPLE_TOKEN, "password": "correct horse battery"})]),
        )
    }
}

impl ToSchema for Proof {}

/// The form of `POST /verify-email`.
pub struct FormProof;

impl PartialSchema for FormProof {
    fn schema() -> RefOr<Schema> {
        let password = openapi::text("The account's.", "correct horse battery").write_only(true);
        object(
            ObjectBuilder::new()
                .property("token", token())
                .required("token")
                .property("password", password)
                .required("password"),
        )
    }
}

impl ToSchema for FormProof {}

/// The body of `POST /reset-password`.
pub struct Reset;

impl PartialSchema for Reset {
    fn schema() -> RefOr<Schema> {
        object(
            ObjectBuilder::new()
                .property("token", token())
                .required("token")
                .property("password", Password::schema())
                .required("password")
                .examples([json!({"token": EXAMPLE_TOKEN, "password": "correct horse battery"})]),
        )
    }
}

impl ToSchema for Reset {}

/// Returns the errors of every route here, and those of its own.
fn errors(own: Vec<(&'static str, Error)>) -> Vec<(&'static str, Error)> {
    let all = vec![
        ("too_large", Error::BodyTooLarge),
        (
            "content_type",
            Error::UnsupportedMediaType(http_json::CONTENT_TYPE),
        ),
        ("encoded", Error::UnsupportedMediaType(body::NO_ENCODING)),
        ("malformed", Error::InvalidRequest(http_json::ONE_OBJECT.into())),
        ("unavailable", Error::unavailable("", "")),
        ("fault", Error::internal("", "")),
    ];
    all.into_iter().chain(own).collect()
}

fn required(field: &str) -> Error {
    Error::Invalid(vec![FieldError::new(field, Violation::required())])
}

/// Every response where a mail is asked for.
pub struct Asked;

impl IntoResponses for Asked {
    fn responses() -> openapi::Responses {
        let own = vec![
            ("invalid", required("email")),
            ("throttled", Error::Throttled(600)),
        ];
        openapi::responses(
            Recovery::ERROR_FORMAT,
            &Accepted::name(),
            "accepted",
            accepted(),
            errors(own),
        )
    }
}

/// Every response of `POST /verify`.
pub struct Verified;

impl IntoResponses for Verified {
    fn responses() -> openapi::Responses {
        let success = User::example().and_then(|user| {
            let user = User {
                email_verified: true,
                ..user
            };
            http_json::response(&user)
        });
        let own = vec![
            ("bad_token", Error::InvalidMailToken),
            ("inactive", Error::Inactive),
            ("neither", Error::NotAuthenticated),
            ("wrong_password", Error::WrongCredentials),
            ("bad_access_token", Error::InvalidToken),
            ("invalid", required("token")),
            ("throttled", Error::Throttled(30)),
        ];
        openapi::responses(
            Recovery::ERROR_FORMAT,
            &User::name(),
            "user",
            success,
            errors(own),
        )
    }
}

/// Every response of `POST /reset-password`.
pub struct WasReset;

impl IntoResponses for WasReset {
    fn responses() -> openapi::Responses {
        let own = vec![
            ("bad_token", Error::InvalidMailToken),
            ("invalid", required("password")),
        ];
        let success = Ok(empty(StatusCode::NO_CONTENT));
        let mut all = openapi::responses(
            Recovery::ERROR_FORMAT,
            &User::name(),
            "reset",
            success,
            errors(own),
        );
        let pages = [
            ("form", None),
            ("bad_token", Some(Error::InvalidMailToken)),
            ("invalid", Some(required("password"))),
            ("too_large", Some(Error::BodyTooLarge)),
            ("unavailable", Some(Error::unavailable("", ""))),
            ("fault", Some(Error::internal("", ""))),
        ];
        // A form gets a page where JSON gets a problem.
        for (status, response) in openapi::of(
            Recovery::ERROR_FORMAT,
            pages.map(|(name, error)| page(name, error)),
        ) {
            match (all.get_mut(&status), response) {
                (Some(RefOr::T(own)), RefOr::T(page)) => own.content.extend(page.content),
                (_, response) => {
                    all.insert(status, response);
                }
            }
        }
        all
    }
}

/// Every response of `POST /verify-email`.
pub struct FormResponses;

impl IntoResponses for FormResponses {
    fn responses() -> openapi::Responses {
        let all = [
            ("form", None),
            ("bad_token", Some(Error::InvalidMailToken)),
            ("wrong_password", Some(Error::WrongCredentials)),
            ("invalid", Some(required("password"))),
            ("too_large", Some(Error::BodyTooLarge)),
            (
                "content_type",
                Some(Error::UnsupportedMediaType(form::CONTENT_TYPES)),
            ),
            ("throttled", Some(Error::Throttled(30))),
            ("unavailable", Some(Error::unavailable("", ""))),
            ("fault", Some(Error::internal("", ""))),
        ];
        openapi::of(Recovery::ERROR_FORMAT, all.map(|(name, error)| page(name, error)))
    }
}

/// Returns a page by its schema, its name and the status and the headers of an error. A whole one would be longer than all that is said
/// of the route.
fn page(name: &'static str, error: Option<Error>) -> (&'static str, &'static str, Response<Body>) {
    let mut response = match error {
        None => empty(StatusCode::OK),
        Some(error) => error.into_response(Recovery::ERROR_FORMAT, ""),
    };
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    *response.body_mut() = Body::from("<!doctype html>…");
    ("Page", name, response)
}
