//! Which passwords are accepted.

use std::fmt;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};
use zeroize::Zeroizing;

use crate::error::{Code, Violation};
use crate::openapi::text;
use crate::unicode::nfkc;

/// The shortest password that can be chosen, in code points after NFKC.
const MIN_CODE_POINTS: usize = 8;
/// The longest password, in bytes as sent; it is never cut.
const MAX_BYTES: usize = 1024;

/// A password. Prints nothing and is wiped when dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Parses a password that a user chooses: at least 8 code points after NFKC, at most 1,024 bytes as sent, any characters.
    pub fn choose(sent: String) -> Result<Self, Violation> {
        let password = Self(Zeroizing::new(sent));
        if password.0.len() > MAX_BYTES {
            return Err(Violation::new(
                Code::TooLong,
                format!("Must have at most {MAX_BYTES} bytes"),
            ));
        }
        if password.normalized().chars().count() < MIN_CODE_POINTS {
            return Err(Violation::new(
                Code::TooShort,
                format!("Must have at least {MIN_CODE_POINTS} characters"),
            ));
        }
        Ok(password)
    }

    /// Parses a password at log-in, where no rule of choosing applies. Returns `None` over 1,024 bytes, where no stored hash
    /// can match and none is computed (OWASP: a long password must not become a denial of service).
    pub fn attempt(sent: String) -> Option<Self> {
        let password = Self(Zeroizing::new(sent));
        (password.0.len() <= MAX_BYTES).then_some(password)
    }

    /// Returns the password as sent.
    pub(super) fn as_sent(&self) -> &str {
        &self.0
    }

    /// Returns the password after NFKC (NIST SP 800-63B section 3.1.1.2).
    pub(super) fn normalized(&self) -> Zeroizing<String> {
        Zeroizing::new(nfkc(&self.0).into_owned())
    }
}

impl PartialSchema for Password {
    fn schema() -> RefOr<Schema> {
        text(
            "Any characters, counted in code points after NFKC; at most 1024 bytes as sent, never cut.",
            "correct horse battery",
        )
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .min_length(Some(MIN_CODE_POINTS))
        .max_length(Some(MAX_BYTES))
        .write_only(true)
        .into()
    }
}

impl ToSchema for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}
