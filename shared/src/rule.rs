//! The rules that fields have, and how a broken one is told: which field, which kind of rule, and words for people.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

/// A rule that a value breaks: no value is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// For programs.
    pub code: Code,
    /// For people.
    pub message: Cow<'static, str>,
}

impl Rule {
    /// A broken rule.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// The kind of a broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The field must be there.
    Required,
    /// No such field.
    Unknown,
    /// Another JSON type is expected.
    Type,
    /// Shorter than allowed.
    TooShort,
    /// Longer than allowed.
    TooLong,
    /// Not of the field's form.
    Invalid,
    /// Another user has it.
    Taken,
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
    /// `field` breaks `rule`.
    pub fn new(field: impl Into<String>, rule: Rule) -> Self {
        Self {
            field: field.into(),
            code: rule.code,
            message: rule.message,
        }
    }
}
