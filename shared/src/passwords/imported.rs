//! Password hashes of other systems, until the next log-in renews them: bcrypt. A further format is a further prefix.

use super::stored_hash::Verdict;

/// What bcrypt reads of a password, in bytes; it never looks at the rest.
const BCRYPT_BYTES: usize = 72;
/// The dearest bcrypt cost that a row may ask for: about a second at full CPU.
const BCRYPT_MAX_COST: u32 = 14;

/// Verifies a password as typed against a hash that is not Argon2's. One form alone: a second one would double the time of a wrong
/// password, and the other system hashed what was typed.
pub(super) fn verify(typed: &str, stored: &str) -> Verdict {
    if is_bcrypt(stored) {
        verify_bcrypt(typed, stored)
    } else {
        Verdict::Unreadable
    }
}

/// Reports whether a hash could be verified.
pub(super) fn is_verifiable(stored: &str) -> bool {
    let parts = stored.parse::<bcrypt::HashParts>();
    is_bcrypt(stored) && parts.is_ok_and(|parts| parts.get_cost() <= BCRYPT_MAX_COST)
}

/// Reports whether a stored hash is bcrypt's.
pub(super) fn is_bcrypt(stored: &str) -> bool {
    let prefixes = ["$2a$", "$2b$", "$2y$"];
    prefixes.iter().any(|prefix| stored.starts_with(prefix))
}

/// A password over 72 bytes leaves the row as it is, since bcrypt never checked its tail: renewing would freeze whatever tail was
/// typed this time.
fn verify_bcrypt(typed: &str, stored: &str) -> Verdict {
    let Ok(parts) = stored.parse::<bcrypt::HashParts>() else {
        return Verdict::Unreadable;
    };
    if parts.get_cost() > BCRYPT_MAX_COST {
        return Verdict::Unreadable;
    }
    if bcrypt::verify(typed, stored).unwrap_or(false) {
        Verdict::Right {
            renew: typed.len() <= BCRYPT_BYTES,
        }
    } else {
        Verdict::Wrong
    }
}
