//! What the OpenAPI document says of the pages.

use lambda_http::{Body, Response};
use shared::env::Env;
use shared::error::{Error, Problem};
use shared::function::HttpFunction;
use shared::openapi::{self, described};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{IntoResponses, OpenApi, PartialSchema, ToSchema};

use crate::{Form, FormPages, Pages};

const VERIFY_PATH: &str = Form::VerifyEmail.path();
const RESET_PATH: &str = Form::ResetPassword.path();

#[derive(OpenApi)]
#[openapi(
    paths(verify_email_page, verify_email_headers, reset_password_page, reset_password_headers),
    components(schemas(Problem<'static>, Page))
)]
pub(crate) struct Document;

/// Documents `GET /verify-email`.
#[utoipa::path(
    get,
    path = VERIFY_PATH,
    operation_id = "verify_email_page",
    summary = "The page that proves an address",
    description = "Where the link in a mail leads: a form of the account's password. It is the same whatever the token is, and spends none.",
    tag = "mail",
    params(("token" = Option<String>, Query, description = "The token of the mail.", example = "3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs")),
    responses(PageResponses),
    security(()),
)]
pub fn verify_email_page() {}

/// Documents `HEAD /verify-email`.
#[utoipa::path(
    head,
    path = VERIFY_PATH,
    operation_id = "verify_email_headers",
    summary = "The headers of the page that proves an address",
    description = "For scanners of links. It spends no token.",
    tag = "mail",
    params(("token" = Option<String>, Query, description = "The token of the mail.", example = "3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs")),
    responses(HeadResponses),
    security(()),
)]
pub fn verify_email_headers() {}

/// Documents `GET /reset-password`.
#[utoipa::path(
    get,
    path = RESET_PATH,
    operation_id = "reset_password_page",
    summary = "The page that sets a new password",
    description = "Where the link in a mail leads: a form of the new password. It is the same whatever the token is, and spends none.",
    tag = "mail",
    params(("token" = Option<String>, Query, description = "The token of the mail.", example = "3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs")),
    responses(PageResponses),
    security(()),
)]
pub fn reset_password_page() {}

/// Documents `HEAD /reset-password`.
#[utoipa::path(
    head,
    path = RESET_PATH,
    operation_id = "reset_password_headers",
    summary = "The headers of the page that sets a new password",
    description = "For scanners of links. It spends no token.",
    tag = "mail",
    params(("token" = Option<String>, Query, description = "The token of the mail.", example = "3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs")),
    responses(HeadResponses),
    security(()),
)]
pub fn reset_password_headers() {}

/// A page.
pub struct Page;

impl PartialSchema for Page {
    fn schema() -> RefOr<Schema> {
        described("HTML of one form, or of what it did.").into()
    }
}

impl ToSchema for Page {}

/// Every response of the `GET`s.
pub struct PageResponses;

impl IntoResponses for PageResponses {
    fn responses() -> openapi::Responses {
        // A whole page as an example would be longer than all that is said of the route.
        responses(
            Body::from("<!doctype html>…"),
            vec![("fault", Error::internal("", ""))],
        )
    }
}

/// Every response of the `HEAD`s.
pub struct HeadResponses;

impl IntoResponses for HeadResponses {
    fn responses() -> openapi::Responses {
        responses(Body::Empty, vec![])
    }
}

fn responses(body: Body, errors: Vec<(&'static str, Error)>) -> openapi::Responses {
    openapi::responses(FormPages::ERROR_FORMAT, &Page::name(), "form", page(body), errors)
}

/// Returns the response of the `GET`s where nothing is configured, with another body.
fn page(body: Body) -> Result<Response<Body>, Error> {
    let pages =
        Pages::read(&Env::new(|_| None)).map_err(|error| Error::internal("the pages", error.to_string()))?;
    let mut response = pages.form(Form::VerifyEmail, "")?;
    *response.body_mut() = body;
    Ok(response)
}
