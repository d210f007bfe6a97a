//! The username.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

use super::folding::{NameKey, fold};
use super::text_field::{between, text_field};
use crate::error::{Code, Violation};
use crate::openapi::text;
use crate::unicode::{is_invisible, nfkc};

/// The longest username, in characters after NFKC.
const USERNAME_MAX_CHARS: usize = 64;

text_field!(
    /// 1 to 64 characters: letters, digits, combining marks and `._-+` of any script, after NFKC.
    Username,
    text(
        "Letters, digits, combining marks and . _ - + of any script, counted after NFKC; no invisible characters. \
         Unique after full case folding.",
        "johndoe"
    )
    // What the rule says of ASCII. Unicode's classes mean something else, or nothing, to too many validators.
    .pattern(Some("^[^\\u0000-*,/:-@[-^`{-\\u00a0]+$"))
    .min_length(Some(1))
    .max_length(Some(USERNAME_MAX_CHARS))
);

impl Username {
    /// Parses the typed value.
    pub fn parse(typed: &str) -> Result<Self, Violation> {
        let normal = nfkc(typed);
        between(normal.chars().count(), 1, USERNAME_MAX_CHARS, "characters")?;
        if normal.chars().all(is_username_char) {
            Ok(Self(typed.to_owned()))
        } else {
            Err(Violation::new(
                Code::Invalid,
                "Only letters, digits, combining marks and . _ - + are allowed",
            ))
        }
    }

    /// Returns the key under which the store holds this name.
    pub fn key(&self) -> NameKey {
        NameKey::Username(fold(&self.0))
    }
}

/// Reports whether a username may have a character. Default-ignorable code points are rejected though some are letters or marks:
/// they are invisible, and two names that look alike would be two users.
fn is_username_char(character: char) -> bool {
    use GeneralCategory as G;
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    matches!(character, '.' | '_' | '-' | '+')
        || (matches!(
            category,
            G::UppercaseLetter
                | G::LowercaseLetter
                | G::TitlecaseLetter
                | G::ModifierLetter
                | G::OtherLetter
                | G::NonspacingMark
                | G::SpacingMark
                | G::EnclosingMark
                | G::DecimalNumber
        ) && !is_invisible(character))
}
