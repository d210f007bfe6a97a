//! The key that mailed tokens are derived by. A retry derives the same token again, so that neither the table nor its stream holds one.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::token::MailToken;

/// The shortest key, in bytes: as long as its hash (RFC 2104 section 3).
const KEY_MIN_BYTES: usize = 32;

/// The key. Prints nothing of it.
#[derive(Clone)]
pub struct MailKey(hmac::Key);

impl MailKey {
    /// Makes a key of the bytes of a secret.
    ///
    /// # Errors
    ///
    /// The rule that the secret breaks, a phrase that follows its name.
    pub fn new(secret: &[u8]) -> Result<Self, &'static str> {
        if secret.len() < KEY_MIN_BYTES {
            return Err("has fewer than 32 bytes");
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// Derives the token of a mail with this nonce: 43 characters of base64url, 256 bits.
    pub fn derive(&self, nonce: &[u8], token: &MailToken) -> Zeroizing<String> {
        let mut context = hmac::Context::with_key(&self.0);
        let parts = [
            nonce,
            token.purpose.name().as_bytes(),
            token.user.as_bytes(),
            token.address.as_bytes(),
        ];
        for part in parts {
            // With its length, so that no two lists of parts are the same bytes.
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        Zeroizing::new(URL_SAFE_NO_PAD.encode(context.sign()))
    }
}

impl fmt::Debug for MailKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MailKey(…)")
    }
}
