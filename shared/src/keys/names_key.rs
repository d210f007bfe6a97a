//! The key under which a name that no user has is hashed. It stays when keys are rotated: were it replaced, such names would have all of
//! their attempts again, and users would not, so that a response would tell which names exist.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::random;

const SECRET_BYTES: usize = 32;

/// A secret of the ring. Prints nothing of it.
#[derive(Clone)]
pub struct NamesKey {
    secret: Zeroizing<[u8; SECRET_BYTES]>,
    key: hmac::Key,
}

impl NamesKey {
    /// Generates a key.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where there are no random bytes.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self::new(Zeroizing::new(random::bytes()?)))
    }

    /// Reads the secret in base64url.
    ///
    /// # Errors
    ///
    /// The rule that the key breaks, a phrase that follows its name.
    pub(super) fn read(secret: &str) -> Result<Self, &'static str> {
        let decoded = URL_SAFE_NO_PAD.decode(secret).map(Zeroizing::new).ok();
        let secret = decoded.and_then(|secret| secret.as_slice().try_into().ok());
        let secret = secret.ok_or("has no secret of 32 bytes in base64url")?;
        Ok(Self::new(Zeroizing::new(secret)))
    }

    fn new(secret: Zeroizing<[u8; SECRET_BYTES]>) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice()),
            secret,
        }
    }

    /// Returns the keyed hash of a name, in base64url: what is typed as a name may be a password.
    pub fn hashed(&self, name: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, name.as_bytes()))
    }

    /// Returns the secret in base64url, for the document of the ring alone.
    pub(super) fn secret(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.secret.as_slice()))
    }
}

impl fmt::Debug for NamesKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NamesKey(…)")
    }
}
