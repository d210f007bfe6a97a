//! Errors as every other route writes them: problem details (RFC 9457).

use lambda_http::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Error, Facts, FieldError};

/// The media type of these errors.
pub(super) const CONTENT_TYPE: &str = "application/problem+json";

/// The body of an error everywhere else (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Problem<'a> {
    #[schema(examples("about:blank"))]
    r#type: &'a str,
    /// The status phrase.
    title: &'a str,
    status: u16,
    detail: &'a str,
    /// `urn:request:` and the gateway's id of the request.
    instance: String,
    /// As in `WWW-Authenticate`, where that has one, since a gateway may rename the header (RFC 6750 section 3.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<&'a str>,
    /// The fields that break a rule, all at once; only where fields do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
}

impl<'a> Problem<'a> {
    pub(super) fn new(error: &Error, facts: &'a Facts, request_id: &str) -> Self {
        Self {
            r#type: "about:blank",
            title: phrase(facts.status),
            status: facts.status.as_u16(),
            detail: &facts.detail,
            instance: format!("urn:request:{request_id}"),
            error: facts.bearer,
            errors: error.field_errors(),
        }
    }
}

/// Returns the status phrase of RFC 9110, which renamed two that the `http` crate still calls by their former names.
fn phrase(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "Content Too Large",
        StatusCode::UNPROCESSABLE_ENTITY => "Unprocessable Content",
        status => status.canonical_reason().unwrap_or_default(),
    }
}
