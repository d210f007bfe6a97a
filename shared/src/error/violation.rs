//! Violations of the rules that fields have: the field, a code for programs, and a message for people.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

/// A rule that a value breaks. It never holds the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// For programs.
    pub code: Code,
    /// For people.
    pub message: Cow<'static, str>,
}

impl Violation {
    /// Creates a violation.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Creates that of a field that must be there.
    pub fn required() -> Self {
        Self::new(Code::Required, "Is required")
    }
}

/// The kind of a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The field must be there.
    Required,
    /// The field does not exist.
    Unknown,
    /// Another JSON type is expected.
    Type,
    /// Shorter than allowed.
    TooShort,
    /// Longer than allowed.
    TooLong,
    /// Malformed for this field.
    Invalid,
    /// Another user has it.
    Taken,
    /// A password that is common, was breached, or is made of names.
    Common,
}

/// A field and the rule that it breaks: an element of `errors` in a problem document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The member's name, as in the request.
    pub field: String,
    /// For programs.
    pub code: Code,
    /// For people.
    #[schema(value_type = String)]
    pub message: Cow<'static, str>,
}

impl FieldError {
    /// Creates the error of `field`.
    pub fn new(field: impl Into<String>, violation: Violation) -> Self {
        Self {
            field: field.into(),
            code: violation.code,
            message: violation.message,
        }
    }
}

/// A name that another user has. A taken username hides whether the e-mail address is taken, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The username.
    Username,
    /// The e-mail address.
    Email,
}

impl Conflict {
    pub(super) fn detail(self) -> &'static str {
        match self {
            Self::Username => "Username already taken",
            Self::Email => "Email already taken",
        }
    }

    pub(super) fn error(self) -> FieldError {
        let field = match self {
            Self::Username => "username",
            Self::Email => "email",
        };
        FieldError::new(field, Violation::new(Code::Taken, "Already taken"))
    }
}
