//! The table of errors: what a client sees of each, in either format.

use std::borrow::Cow;

use lambda_http::http::StatusCode;

use super::{Error, FieldError, RECENT_AUTHENTICATION_SECONDS};

/// The realm of every challenge.
const REALM: &str = "latchkey";

const INVALID_CLIENT: &str = "Client authentication failed";

/// What a client sees of an error, in either format.
pub(super) struct Facts {
    pub(super) status: StatusCode,
    /// `error` of RFC 6749 section 5.2, where the endpoint is an OAuth one.
    pub(super) oauth: &'static str,
    /// `error` of RFC 6750 section 3.1, where there is one.
    pub(super) bearer: Option<&'static str>,
    pub(super) challenge: bool,
    /// Whether the challenge is of HTTP Basic, for a client.
    basic: bool,
    /// `scope` of RFC 6750 section 3, where one is missing.
    scope: Option<&'static str>,
    pub(super) detail: Cow<'static, str>,
}

impl Facts {
    fn new(status: StatusCode, oauth: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            oauth,
            bearer: None,
            challenge: false,
            basic: false,
            scope: None,
            detail: detail.into(),
        }
    }

    /// Adds `WWW-Authenticate: Bearer`, with `error` in it where one is given.
    fn challenged(mut self, bearer: Option<&'static str>) -> Self {
        self.challenge = true;
        self.bearer = bearer;
        self
    }

    /// Returns the challenge (RFC 6750 section 3, RFC 9470 section 3). It always has a realm, since a scheme alone would be a violation.
    pub(super) fn challenge_header(&self) -> String {
        let described = |error| {
            let detail = &self.detail;
            format!("Bearer realm=\"{REALM}\", error=\"{error}\", error_description=\"{detail}\"")
        };
        match self.bearer {
            None if self.basic => format!("Basic realm=\"{REALM}\""),
            None => format!("Bearer realm=\"{REALM}\""),
            Some(error @ "invalid_token") => described(error),
            Some(error @ "insufficient_user_authentication") => {
                format!(
                    "{}, max_age=\"{RECENT_AUTHENTICATION_SECONDS}\"",
                    described(error)
                )
            }
            Some(error) => {
                let scope = self.scope.map(|scope| format!(", scope=\"{scope}\""));
                format!(
                    "Bearer realm=\"{REALM}\", error=\"{error}\"{}",
                    scope.unwrap_or_default()
                )
            }
        }
    }
}

impl Error {
    /// Maps an error to its row in the HTTP contract's two tables of errors.
    pub(super) fn facts(&self) -> Facts {
        match self {
            Self::BodyTooLarge => Facts::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "invalid_request",
                "The body must have at most 16384 bytes",
            ),
            Self::UnsupportedMediaType(rule) => {
                Facts::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", *rule)
            }
            Self::InvalidRequest(rule) => {
                Facts::new(StatusCode::BAD_REQUEST, "invalid_request", rule.clone())
            }
            Self::UnsupportedGrantType => Facts::new(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "This grant is not offered",
            ),
            Self::WrongCredentials => Facts::new(
                StatusCode::UNAUTHORIZED,
                "invalid_grant",
                "Incorrect username or password",
            )
            .challenged(None),
            Self::InvalidRefreshToken => Facts::new(
                StatusCode::BAD_REQUEST,
                "invalid_grant",
                "The refresh token is invalid, expired, revoked or was used before",
            ),
            Self::InactiveAtLogIn => Facts::new(StatusCode::BAD_REQUEST, "invalid_grant", "Inactive user"),
            Self::InvalidClient { by_header: true } => Facts {
                basic: true,
                ..Facts::new(StatusCode::UNAUTHORIZED, "invalid_client", INVALID_CLIENT).challenged(None)
            },
            Self::InvalidClient { by_header: false } => {
                Facts::new(StatusCode::BAD_REQUEST, "invalid_client", INVALID_CLIENT)
            }
            Self::UnauthorizedClient => Facts::new(
                StatusCode::BAD_REQUEST,
                "unauthorized_client",
                "The client may not use this grant",
            ),
            Self::InvalidScope(rule) => Facts::new(StatusCode::BAD_REQUEST, "invalid_scope", *rule),
            Self::Invalid(errors) => Facts::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_request",
                invalid_detail(errors),
            ),
            Self::Conflict(conflict) => {
                Facts::new(StatusCode::CONFLICT, "invalid_request", conflict.detail())
            }
            Self::RegistrationClosed => {
                Facts::new(StatusCode::FORBIDDEN, "access_denied", "Registration is closed")
            }
            Self::InvalidMailToken => Facts::new(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "The token is invalid, expired or was used before",
            ),
            Self::NotAuthenticated => {
                Facts::new(StatusCode::UNAUTHORIZED, "invalid_request", "Not authenticated").challenged(None)
            }
            Self::MalformedAuthorization => Facts::new(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "Authorization must be Bearer and one token",
            )
            .challenged(Some("invalid_request")),
            Self::SeveralCredentials => Facts::new(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "Credentials must be in one header",
            )
            .challenged(Some("invalid_request")),
            Self::InvalidToken => Facts::new(
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "Could not validate credentials",
            )
            .challenged(Some("invalid_token")),
            Self::InsufficientUserAuthentication => Facts::new(
                StatusCode::UNAUTHORIZED,
                "insufficient_user_authentication",
                "More recent authentication is required",
            )
            .challenged(Some("insufficient_user_authentication")),
            Self::InsufficientScope(needed) => Facts {
                scope: Some(needed),
                ..Facts::new(StatusCode::FORBIDDEN, "access_denied", "Not enough permissions")
                    .challenged(Some("insufficient_scope"))
            },
            Self::Inactive => Facts::new(StatusCode::BAD_REQUEST, "invalid_request", "Inactive user"),
            Self::NoSuchSession => Facts::new(StatusCode::NOT_FOUND, "invalid_request", "No such session"),
            Self::NoSuchApiKey => Facts::new(StatusCode::NOT_FOUND, "invalid_request", "No such API key"),
            Self::TooManyApiKeys(most) => Facts::new(
                StatusCode::CONFLICT,
                "invalid_request",
                format!("A user has at most {most} API keys"),
            ),
            Self::Forbidden => Facts::new(StatusCode::FORBIDDEN, "access_denied", "Forbidden"),
            Self::NotFound => Facts::new(StatusCode::NOT_FOUND, "invalid_request", "Not Found"),
            Self::Other(status, message) => Facts::new(*status, "invalid_request", message.clone()),
            Self::Throttled(_) => Facts::new(
                StatusCode::TOO_MANY_REQUESTS,
                "slow_down",
                "Too many attempts, try again later",
            ),
            Self::Unavailable(_) => Facts::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "Temporarily unavailable",
            ),
            Self::Internal(_) => Facts::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "server_error",
                "Internal server error",
            ),
        }
    }
}

fn invalid_detail(errors: &[FieldError]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for error in errors {
        if !names.contains(&error.field.as_str()) {
            names.push(&error.field);
        }
    }
    match names.as_slice() {
        [name] => format!("The field {name} is not valid"),
        names => format!("These fields are not valid: {}", names.join(", ")),
    }
}
