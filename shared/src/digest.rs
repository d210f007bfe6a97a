//! SHA-256 digests of secrets that are random, so that no slow hash is needed.

use std::fmt;

use aws_lc_rs::digest;
use subtle::ConstantTimeEq;

/// The digest of a secret that the table has in its place. It is compared in constant time and prints nothing.
#[derive(Clone, Copy)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// Computes the digest of a secret.
    pub(crate) fn of(secret: &str) -> Self {
        Self(sha256(secret))
    }

    /// Takes the bytes that the table has.
    pub(crate) fn stored(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, for the table.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for SecretDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretDigest {}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretDigest(…)")
    }
}

/// Computes the SHA-256 of a text.
pub(crate) fn sha256(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    bytes
}
