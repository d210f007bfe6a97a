//! The user of the HTTP contract, with a parsed type for each field: a value that exists is valid.

use std::fmt;

use email_address::{EmailAddress, Options};
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use serde::Serialize;
use url::{SyntaxViolation, Url};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::clock::Timestamp;
use crate::names::{NameKey, fold, nfkc};
use crate::rule::{Code, Rule};

/// The longest username, in characters after NFKC.
pub const USERNAME_MAX_CHARS: usize = 64;
/// The longest e-mail address, in bytes (RFC 5321 4.5.3.1.3, less the angle brackets).
pub const EMAIL_MAX_BYTES: usize = 254;
/// The longest full name, in characters.
pub const FULL_NAME_MAX_CHARS: usize = 200;

/// A user as clients see it; what is secret about a user is not in this type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct User {
    /// Assigned once, never reused, opaque; the `sub` of the user's tokens.
    pub id: UserId,
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
    /// A disabled user can neither log in nor use a token.
    pub disabled: bool,
    /// When the user registered.
    pub created_at: Timestamp,
    /// When a shown field last changed.
    pub updated_at: Timestamp,
}

/// The immutable id of a user: a ULID, 26 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct UserId(String);

impl PartialSchema for UserId {
    fn schema() -> RefOr<Schema> {
        text(
            "Opaque; assigned once, never reused.",
            "01KAY2Z3M4N5P6Q7R8S9T0V1W2",
        )
        .into()
    }
}

impl ToSchema for UserId {}

impl UserId {
    /// An id that this service made: from the store, or the `sub` of a token that verified.
    #[must_use]
    pub fn known(id: String) -> Self {
        Self(id)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_field {
    ($(#[$doc:meta])* $name:ident, $schema:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// As the user typed it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $name {}
    };
}

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
text_field!(
    /// An address to which mail can go: a dot-string local part (RFC 5321, 6531) and a domain of two or more labels.
    Email,
    text(
        "A dot-string and a domain of two or more labels. Unique after full case folding and IDNA.",
        "johndoe@example.com"
    )
    .format(Some(SchemaFormat::Custom("idn-email".to_owned())))
    .min_length(Some(1))
    .max_length(Some(EMAIL_MAX_BYTES))
);
text_field!(
    /// Up to 200 characters, none of them a control character.
    FullName,
    text("No control characters.", "John Doe")
        .pattern(Some("^[^\\u0000-\\u001f\\u007f-\\u009f]+$"))
        .min_length(Some(1))
        .max_length(Some(FULL_NAME_MAX_CHARS))
);
text_field!(
    /// An absolute `http` or `https` URL, well-formed by the WHATWG URL standard.
    Website,
    text(
        "An absolute URL that needs no mending by the WHATWG URL standard, without user name or password.",
        "https://example.com/john"
    )
    .format(Some(SchemaFormat::Custom("uri".to_owned())))
    .pattern(Some("^https?://"))
);

/// The part of a field's schema that all fields have.
pub(crate) fn text(description: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .examples([example])
}

impl Username {
    /// Parses what was typed.
    ///
    /// # Errors
    ///
    /// The [`Rule`] that the value breaks.
    pub fn parse(typed: &str) -> Result<Self, Rule> {
        let normal = nfkc(typed);
        between(normal.chars().count(), 1, USERNAME_MAX_CHARS, "characters")?;
        if normal.chars().all(is_username_char) {
            Ok(Self(typed.to_owned()))
        } else {
            Err(Rule::new(
                Code::Invalid,
                "Only letters, digits, combining marks and . _ - + are allowed",
            ))
        }
    }

    /// Under which key the store holds this name.
    #[must_use]
    pub fn key(&self) -> NameKey {
        NameKey::Username(fold(&self.0))
    }
}

/// Default-ignorable code points are refused though some are letters or marks: they are invisible, and two names that
/// look alike would be two users.
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

fn is_invisible(character: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

impl Email {
    /// Parses what was typed.
    ///
    /// # Errors
    ///
    /// The [`Rule`] that the value breaks.
    pub fn parse(typed: &str) -> Result<Self, Rule> {
        between(typed.len(), 1, EMAIL_MAX_BYTES, "bytes")?;
        let options = Options::default()
            .without_display_text()
            .without_domain_literal()
            .with_no_minimum_sub_domains();
        let invalid = || {
            Rule::new(
                Code::Invalid,
                "Must be an e-mail address such as name@example.com",
            )
        };
        let address = EmailAddress::parse_with_options(typed, options).map_err(|_| invalid())?;
        let local = address.local_part();
        if local.contains('"') || !local.chars().all(is_visible) || !is_dot_string(&nfkc(local)) {
            return Err(invalid());
        }
        let domain = ascii_domain(address.domain()).ok_or_else(invalid)?;
        if domain.split('.').count() < 2 {
            return Err(invalid());
        }
        Ok(Self(typed.to_owned()))
    }

    /// Under which key the store holds this address.
    #[must_use]
    pub fn key(&self) -> NameKey {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let domain = ascii_domain(domain).unwrap_or_default();
        NameKey::Email(format!("{}@{domain}", fold(local)))
    }
}

/// The folded local part is a part of the store's key, so compatibility forms of `@`, quotes and spaces are refused too.
fn is_dot_string(local: &str) -> bool {
    !local.contains(['"', '@']) && EmailAddress::is_valid_local_part(local)
}

/// RFC 6531 takes any character outside ASCII; those that nobody can see would make two addresses look like one.
fn is_visible(character: char) -> bool {
    use GeneralCategory as G;
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    !is_invisible(character)
        && !matches!(
            category,
            G::Control
                | G::Format
                | G::SpaceSeparator
                | G::LineSeparator
                | G::ParagraphSeparator
                | G::Surrogate
                | G::Unassigned
                | G::PrivateUse
        )
}

/// The domain in its ASCII form (UTS 46, non-transitional, STD 3, DNS lengths, no root dot), or `None`.
fn ascii_domain(domain: &str) -> Option<String> {
    Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .ok()
        .map(std::borrow::Cow::into_owned)
}

impl FullName {
    /// Parses what was typed.
    ///
    /// # Errors
    ///
    /// The [`Rule`] that the value breaks.
    pub fn parse(typed: &str) -> Result<Self, Rule> {
        between(typed.chars().count(), 1, FULL_NAME_MAX_CHARS, "characters")?;
        if typed.chars().any(char::is_control) {
            return Err(Rule::new(Code::Invalid, "Control characters are not allowed"));
        }
        Ok(Self(typed.to_owned()))
    }
}

impl Website {
    /// Parses what was typed. The parser of the URL standard mends a lot silently; since the text is shown as typed, what
    /// would have to be mended is refused.
    ///
    /// # Errors
    ///
    /// The [`Rule`] that the value breaks.
    pub fn parse(typed: &str) -> Result<Self, Rule> {
        if typed.is_empty() {
            return Err(Rule::new(Code::TooShort, "Must not be empty"));
        }
        let mended = std::cell::Cell::new(false);
        let note = |_: SyntaxViolation| mended.set(true);
        let parsed = Url::options().syntax_violation_callback(Some(&note)).parse(typed);
        match parsed {
            Ok(url) if matches!(url.scheme(), "http" | "https") && !mended.get() => {
                Ok(Self(typed.to_owned()))
            }
            _ => Err(Rule::new(
                Code::Invalid,
                "Must be an absolute http or https URL without user name, password or characters to escape",
            )),
        }
    }
}

/// The rule that every length follows: `length` of `unit` between `min` and `max`, both included.
fn between(length: usize, min: usize, max: usize, unit: &str) -> Result<(), Rule> {
    if length < min {
        Err(Rule::new(Code::TooShort, "Must not be empty"))
    } else if length > max {
        Err(Rule::new(
            Code::TooLong,
            format!("Must have at most {max} {unit}"),
        ))
    } else {
        Ok(())
    }
}
