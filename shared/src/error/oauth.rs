//! Errors as the OAuth endpoints write them (RFC 6749 section 5.2).

use serde::Serialize;
use utoipa::ToSchema;

use super::Facts;

/// The media type of these errors.
pub(super) const CONTENT_TYPE: &str = "application/json";

/// The body of an error on the OAuth endpoints (RFC 6749 section 5.2).
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub struct OAuthError<'a> {
    error: &'a str,
    error_description: &'a str,
    /// `error_description` again, for clients written for FastAPI.
    detail: &'a str,
}

impl<'a> OAuthError<'a> {
    pub(super) fn new(facts: &'a Facts) -> Self {
        Self {
            error: facts.oauth,
            error_description: &facts.detail,
            detail: &facts.detail,
        }
    }
}
