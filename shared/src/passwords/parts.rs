//! What a stored hash consists of, for systems that keep the parts apart.

use super::argon2::HashCost;

/// The parts of a stored hash. Without `Debug`, so that none is logged.
pub enum HashParts {
    /// Argon2 (RFC 9106).
    Argon2 {
        /// `i`, `d` or `id`.
        kind: &'static str,
        /// 0x10 or 0x13.
        version: u32,
        /// Memory, passes and lanes.
        cost: HashCost,
        /// The salt's bytes.
        salt: Vec<u8>,
        /// The output's bytes.
        output: Vec<u8>,
    },
    /// bcrypt, whose text is everyone's.
    Bcrypt,
    /// PBKDF2 (RFC 8018) with HMAC.
    Pbkdf2 {
        /// The hash function: `sha1`, `sha256` or `sha512`.
        function: &'static str,
        /// How often it is applied.
        iterations: u32,
        /// The salt's bytes.
        salt: Vec<u8>,
        /// The output's bytes, which may be fewer or more than one block.
        output: Vec<u8>,
    },
    /// A hash of another kind, or one that is not read.
    Other,
}
