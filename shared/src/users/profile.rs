//! The fields that a person has. A new one is added here, in `new_profile.rs`, `renaming.rs` and `item.rs`, in `functions/register` and in `functions/me`;
//! the operators' commands in `cli/src/user/create.rs` and `cli/src/members.rs` do not compile without it.

use serde::Serialize;
use url::{SyntaxViolation, Url};
use utoipa::ToSchema;
use utoipa::openapi::schema::SchemaFormat;

use super::email::Email;
use super::folding::NameKey;
use super::text_field::{between, text_field};
use super::username::Username;
use crate::error::{Code, Violation};
use crate::openapi::text;

/// The longest full name, in characters.
const FULL_NAME_MAX_CHARS: usize = 200;
/// The longest website, in characters.
const WEBSITE_MAX_CHARS: usize = 2048;

/// The fields that a person has; `username` or `email` is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Profile {
    /// As typed; `None` where the user has only an e-mail address.
    #[schema(required)]
    pub username: Option<Username>,
    /// As typed; mail goes to this spelling.
    #[schema(required)]
    pub email: Option<Email>,
    /// As typed.
    #[schema(required)]
    pub full_name: Option<FullName>,
    /// As typed.
    #[schema(required)]
    pub website: Option<Website>,
}

impl Profile {
    /// Returns the keys of the user's names.
    pub fn names(&self) -> Vec<NameKey> {
        let username = self.username.as_ref().map(Username::key);
        let email = self.email.as_ref().map(Email::key);
        username.into_iter().chain(email).collect()
    }

    /// Returns what the user is called, as typed: no password may be made of it.
    pub fn own_names(&self) -> impl Iterator<Item = &str> {
        let username = self.username.as_ref().map(Username::as_str);
        let email = self.email.as_ref().map(Email::as_str);
        let full_name = self.full_name.as_ref().map(FullName::as_str);
        [username, email, full_name].into_iter().flatten()
    }
}

text_field!(
    /// Up to 200 characters, none of them a control character.
    FullName,
    text("No control characters.", "John Doe")
        .pattern(Some("^[^\\u0000-\\u001f\\u007f-\\u009f]+$"))
        .min_length(Some(1))
        .max_length(Some(FULL_NAME_MAX_CHARS))
);
text_field!(
    /// An absolute `http` or `https` URL of up to 2,048 characters, well-formed by the WHATWG URL standard.
    Website,
    text(
        "An absolute URL that needs no mending by the WHATWG URL standard, without user name or password.",
        "https://example.com/john"
    )
    .format(Some(SchemaFormat::Custom("iri".to_owned())))
    .pattern(Some("^https?://"))
    .min_length(Some(1))
    .max_length(Some(WEBSITE_MAX_CHARS))
);

impl FullName {
    /// Parses the typed value.
    pub fn parse(typed: &str) -> Result<Self, Violation> {
        between(typed.chars().count(), 1, FULL_NAME_MAX_CHARS, "characters")?;
        if typed.chars().any(char::is_control) {
            return Err(Violation::new(
                Code::Invalid,
                "Control characters are not allowed",
            ));
        }
        Ok(Self(typed.to_owned()))
    }
}

impl Website {
    /// Parses the typed value. The parser of the URL standard repairs a lot silently; since the text is shown as typed, text
    /// that needs repair is rejected.
    pub fn parse(typed: &str) -> Result<Self, Violation> {
        between(typed.chars().count(), 1, WEBSITE_MAX_CHARS, "characters")?;
        let repaired = std::cell::Cell::new(false);
        let note = |_: SyntaxViolation| repaired.set(true);
        let parsed = Url::options().syntax_violation_callback(Some(&note)).parse(typed);
        match parsed {
            Ok(url) if matches!(url.scheme(), "http" | "https") && !repaired.get() => {
                Ok(Self(typed.to_owned()))
            }
            _ => Err(Violation::new(
                Code::Invalid,
                "Must be an absolute http or https URL without user name, password or characters to escape",
            )),
        }
    }
}
