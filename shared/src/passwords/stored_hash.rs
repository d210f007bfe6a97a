//! A stored password hash, and what its verification finds.

use std::fmt;

/// A stored password hash: a PHC string, or another system's until it is renewed. Prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredHash(String);

impl StoredHash {
    /// Wraps a hash as the store holds it; it is parsed only when it is verified.
    pub fn from_store(text: String) -> Self {
        Self(text)
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
#[cfg(feature = "passwords")]
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

#[cfg(feature = "passwords")]
impl Verdict {
    /// Returns the verdict on a hash that was read.
    pub(super) fn of(matches: bool, renew: bool) -> Self {
        if matches {
            Self::Right { renew }
        } else {
            Self::Wrong
        }
    }
}
