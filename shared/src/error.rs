//! The one table of errors: every way in which a handler can fail, and what a client sees of it.
//!
//! `Error::facts` maps each case to its status, message and headers. [`Error::into_response`] writes them as the OAuth
//! endpoints do (RFC 6749 section 5.2) or as every other route does (RFC 9457). There is no blanket `From`: every place that
//! can fail names the case.

mod facts;
mod oauth;
mod problem;
mod violation;

use std::borrow::Cow;
use std::fmt;

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde_json::json;

use facts::Facts;
pub use oauth::OAuthError;
pub use problem::Problem;
pub use violation::{Code, Conflict, FieldError, Violation};

/// How old the log-in of a token may be where a recent one is needed, in seconds: `max_age` of the challenge (RFC 9470 section 3).
pub(crate) const RECENT_AUTHENTICATION_SECONDS: u32 = 300;

/// How long a client should wait where the store or the keys could not be reached, in seconds.
const RETRY_AFTER_SECONDS: u32 = 1;

/// How an endpoint writes its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorFormat {
    /// RFC 6749 section 5.2: `application/json` with `error`, `error_description` and, for clients written for FastAPI,
    /// `detail`.
    OAuth,
    /// RFC 9457: `application/problem+json`.
    Problem,
}

/// Every way in which a handler can fail.
pub enum Error {
    /// A body over 16 KiB.
    BodyTooLarge,
    /// A content type or encoding that is not accepted; the message says which is.
    UnsupportedMediaType(&'static str),
    /// A body or a parameter that cannot be read; the message names the parameter and the rule.
    InvalidRequest(Cow<'static, str>),
    /// A grant that is not offered.
    UnsupportedGrantType,
    /// A wrong password or an unknown user: one and the same response.
    WrongCredentials,
    /// A refresh token that is made up, expired, revoked or was used before: one and the same response.
    InvalidRefreshToken,
    /// The right password of a disabled user.
    InactiveAtLogIn,
    /// A client with a wrong secret, or without the proof that is needed here.
    InvalidClient {
        /// Whether it used HTTP Basic, so that the response is a challenge (RFC 6749 section 5.2).
        by_header: bool,
    },
    /// A client that may not use the grant.
    UnauthorizedClient,
    /// A scope that is none, or that the user may not have; the message says which.
    InvalidScope(&'static str),
    /// Fields that do not validate, all of them.
    Invalid(Vec<FieldError>),
    /// A name that another user has.
    Conflict(Conflict),
    /// Registration is switched off.
    RegistrationClosed,
    /// A mailed token that is unknown, spent, expired or of no use any more: one and the same response.
    InvalidMailToken,
    /// No credentials, or credentials of another scheme.
    NotAuthenticated,
    /// Two `Authorization` values, or `Bearer` without one token.
    MalformedAuthorization,
    /// Credentials in more than one of the headers for them.
    SeveralCredentials,
    /// A token that does not verify, or whose user was deleted; an API key that is wrong, has ended or expired, or whose owner is disabled.
    InvalidToken,
    /// A token whose log-in was too long ago for what is asked (RFC 9470).
    InsufficientUserAuthentication,
    /// A token without the scope that the route needs.
    InsufficientScope(&'static str),
    /// The token's user is disabled.
    Inactive,
    /// A session that is unknown, has ended, or is another user's: one and the same response.
    NoSuchSession,
    /// An API key that is unknown, has ended, or is another user's: one and the same response.
    NoSuchApiKey,
    /// A user who has as many API keys as are allowed; the number is how many those are.
    TooManyApiKeys(usize),
    /// A wrong API key in the header `Token`, as one of the tutorials rejects it.
    Forbidden,
    /// A path below a route that has nothing there: the response is the gateway's for an unknown route.
    NotFound,
    /// An error of a function that is not Latchkey's own, such as those of `examples/links`: its status, a 4xx, and its message.
    Other(StatusCode, String),
    /// Too many attempts; the number is how many seconds the client waits.
    Throttled(u32),
    /// The store or the keys cannot be reached, or no key exists yet.
    Unavailable(Cause),
    /// A fault of this service.
    Internal(Cause),
}

/// What failed and how, for the log alone.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Cause {
    what: &'static str,
    why: String,
}

/// Writes the cause where there is one, and otherwise the message that a client gets.
impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(cause) | Self::Internal(cause) => cause.fmt(formatter),
            _ => formatter.write_str(&self.facts().detail),
        }
    }
}

/// Writes the same: Lambda's runtime logs an error by its `Debug` output.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl std::error::Error for Error {}

impl Error {
    /// Creates the error of a fault in `what`.
    pub fn internal(what: &'static str, why: impl Into<String>) -> Self {
        Self::Internal(Cause {
            what,
            why: why.into(),
        })
    }

    /// Creates the error of `what`, which cannot be reached now.
    pub fn unavailable(what: &'static str, why: impl Into<String>) -> Self {
        Self::Unavailable(Cause {
            what,
            why: why.into(),
        })
    }

    /// Creates the error of what is refused until then; both times are in milliseconds since 1970.
    pub fn throttled(until: i64, now: i64) -> Self {
        let seconds = until.saturating_sub(now).saturating_add(999) / 1000;
        Self::Throttled(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX))
    }

    /// Returns the fields that break a rule: `errors` of a problem document.
    pub fn field_errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(errors) => errors.clone(),
            Self::Conflict(conflict) => vec![conflict.error()],
            Self::InvalidMailToken => {
                let violation = Violation::new(Code::Invalid, self.facts().detail);
                vec![FieldError::new("token", violation)]
            }
            _ => Vec::new(),
        }
    }

    /// Creates the response, and writes the one log line of a 5xx. `request_id` is the gateway's.
    pub fn into_response(self, format: ErrorFormat, request_id: &str) -> Response<Body> {
        let facts = self.facts();
        let (content_type, body) = match (&self, format) {
            (Self::NotFound, _) => ("application/json", json!({"message": "Not Found"})),
            (_, ErrorFormat::OAuth) => (oauth::CONTENT_TYPE, json!(OAuthError::new(&facts))),
            (_, ErrorFormat::Problem) => (
                problem::CONTENT_TYPE,
                json!(Problem::new(&self, &facts, request_id)),
            ),
        };
        self.with_body(content_type, body.to_string(), request_id)
    }

    /// Creates the response as [`Error::into_response`] does, with a body of another format, such as a page.
    pub fn with_body(&self, content_type: &'static str, body: String, request_id: &str) -> Response<Body> {
        if let Self::Unavailable(cause) | Self::Internal(cause) = self {
            tracing::error!(request_id, %cause, "the request failed");
        }
        let facts = self.facts();
        let mut response = Response::new(Body::Text(body));
        *response.status_mut() = facts.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if facts.challenge
            && let Ok(challenge) = HeaderValue::try_from(facts.challenge_header())
        {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        let retry_after = match self {
            Self::Throttled(seconds) => Some(*seconds),
            Self::Unavailable(_) => Some(RETRY_AFTER_SECONDS),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
