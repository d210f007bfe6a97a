//! What the text fields of a user have in common.

use crate::error::{Code, Violation};

/// Declares a field that holds a text as the user typed it, valid when it was typed, with its schema.
macro_rules! text_field {
    ($(#[$doc:meta])* $name:ident, $schema:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text that was valid when it was stored. Rules may have changed since, and it is not judged again.
            pub(super) fn from_store(text: String) -> Self {
                Self(text)
            }

            /// Returns the text as the user typed it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $schema.into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}

pub(super) use text_field;

/// Rejects a length that is not between `min` and `max` of `unit`, both included.
pub(super) fn between(length: usize, min: usize, max: usize, unit: &str) -> Result<(), Violation> {
    if length < min {
        Err(Violation::new(Code::TooShort, "Must not be empty"))
    } else if length > max {
        Err(Violation::new(
            Code::TooLong,
            format!("Must have at most {max} {unit}"),
        ))
    } else {
        Ok(())
    }
}
