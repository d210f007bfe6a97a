//! A stored password hash, and what its verification finds.

use std::fmt;

use super::argon2::ParsedArgon2;
use super::imported;
use crate::error::{Code, Violation};

/// A stored password hash: a PHC string, or bcrypt's `$2b$…`. Prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredHash(String);

impl StoredHash {
    /// Wraps a hash as the store holds it; it is parsed only when it is verified.
    pub fn from_store(text: String) -> Self {
        Self(text)
    }

    /// Parses a hash of another system, which may be weaker than a new one and no dearer than the bounds.
    ///
    /// # Errors
    ///
    /// For a hash that could not be verified; it does not hold the hash.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        if ParsedArgon2::read(text).is_none() && !imported::is_verifiable(text) {
            return Err(Violation::new(
                Code::Invalid,
                "Must be a hash of Argon2 or bcrypt, in its usual text form, whose parameters are within the bounds",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the name of the format.
    pub fn format(&self) -> &'static str {
        if ParsedArgon2::read(&self.0).is_some() {
            "Argon2"
        } else if imported::is_bcrypt(&self.0) {
            "bcrypt"
        } else {
            "unknown"
        }
    }

    /// Returns the text, for the store alone.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StoredHash(…)")
    }
}

/// What a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another password, or no user: the two are not distinguished.
    Wrong,
    /// The stored hash has a format that this service does not read, so no password can match.
    Unreadable,
    /// The right password.
    Right {
        /// `true` where the hash is weaker than a new one and should be replaced.
        renew: bool,
    },
}
