//! What a person calls a key or a client.

use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::error::{Code, Violation};
use crate::openapi;

const MAX_CHARS: usize = 100;

/// A name that is only shown: 1 to 100 characters, none of them a control character, which a terminal would obey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Label(String);

impl Label {
    /// Parses the typed value.
    ///
    /// # Errors
    ///
    /// The rule that it breaks.
    pub fn parse(typed: String) -> Result<Self, Violation> {
        if typed.is_empty() {
            return Err(Violation::new(Code::TooShort, "Must not be empty"));
        }
        if typed.chars().count() > MAX_CHARS {
            let message = format!("Must have at most {MAX_CHARS} characters");
            return Err(Violation::new(Code::TooLong, message));
        }
        if typed.chars().any(char::is_control) {
            return Err(Violation::new(
                Code::Invalid,
                "Must not contain control characters",
            ));
        }
        Ok(Self(typed))
    }

    /// Wraps a label that this service stored.
    pub(crate) fn known(stored: String) -> Self {
        Self(stored)
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialSchema for Label {
    fn schema() -> RefOr<Schema> {
        openapi::text("What you call it; no control characters.", "backup of my laptop")
            .pattern(Some("^[^\\u0000-\\u001f\\u007f-\\u009f]+$"))
            .min_length(Some(1))
            .max_length(Some(MAX_CHARS))
            .into()
    }
}

impl ToSchema for Label {}
