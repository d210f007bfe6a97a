//! What the OpenAPI document says of `GET /users/me`.

use shared::error::Error;
use shared::http;
use shared::openapi::{self, errors, success};
use shared::user::User;
use utoipa::{IntoResponses, ToSchema};

use crate::FUNCTION;

/// Every answer of `GET /users/me`.
pub struct Answers;

impl IntoResponses for Answers {
    fn responses() -> openapi::Answers {
        let mut answers = openapi::example_user()
            .and_then(|user| http::json(&user))
            .map(|response| success(&User::name(), "user", FUNCTION.dialect, response))
            .unwrap_or_default();
        let cases = vec![
            ("no_token", Error::NotAuthenticated),
            ("invalid_token", Error::InvalidToken),
            ("malformed", Error::MalformedAuthorization),
            ("inactive", Error::Inactive),
            ("unavailable", Error::unavailable("", "")),
            ("fault", Error::internal("", "")),
        ];
        answers.extend(errors(FUNCTION.dialect, cases));
        answers
    }
}
