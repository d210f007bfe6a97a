//! A session key: what refresh tokens are sealed by, and what the successor of each is derived from. It never leaves the ring, and
//! nothing of it is published.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, LessSafeKey, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::random;

/// The length of an id, in bytes.
pub const SESSION_KEY_ID_BYTES: usize = 8;

/// How old a refresh token may be that proves the device of a log-in, in seconds: 30 days.
pub const DEVICE_SECONDS: u32 = 30 * 24 * 60 * 60;

const SECRET_BYTES: usize = 32;

/// A secret of the ring with the two keys that are derived from it (RFC 5869). A clone shares them. Prints no secret.
#[derive(Clone)]
pub struct SessionKey {
    /// When it begins to seal new tokens. It opens its tokens for as long as it is in the ring.
    pub signs_from: Timestamp,
    parts: Arc<Parts>,
}

struct Parts {
    id: [u8; SESSION_KEY_ID_BYTES],
    kid: String,
    secret: Zeroizing<[u8; SECRET_BYTES]>,
    seal: LessSafeKey,
    derive: hmac::Key,
}

impl SessionKey {
    /// Generates a key.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where there are no random bytes, or no keys can be derived.
    pub fn generate(signs_from: Timestamp) -> Result<Self, Error> {
        let secret = Zeroizing::new(random::bytes()?);
        Self::new(random::bytes()?, secret, signs_from)
            .map_err(|_| Error::internal("the session key", "no key could be derived"))
    }

    /// Reads id and secret, both in base64url.
    ///
    /// # Errors
    ///
    /// The rule that the key breaks, a phrase that follows its name.
    pub(super) fn read(id: &str, secret: &str, signs_from: Timestamp) -> Result<Self, &'static str> {
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).ok();
        let id = decoded(id).and_then(|id| id.as_slice().try_into().ok());
        let secret = decoded(secret).and_then(|secret| secret.as_slice().try_into().ok());
        let id = id.ok_or("has no id of 8 bytes in base64url")?;
        let secret = Zeroizing::new(secret.ok_or("has no secret of 32 bytes in base64url")?);
        Self::new(id, secret, signs_from).map_err(|_| "cannot be used")
    }

    fn new(
        id: [u8; SESSION_KEY_ID_BYTES],
        secret: Zeroizing<[u8; SECRET_BYTES]>,
        signs_from: Timestamp,
    ) -> Result<Self, Unspecified> {
        let prk = hkdf::Salt::none(hkdf::HKDF_SHA256).extract(secret.as_slice());
        let seal = UnboundKey::from(prk.expand(&[b"latchkey refresh token: seal"], &AES_256_GCM_SIV)?);
        let derive = hmac::Key::from(prk.expand(&[b"latchkey refresh token: derive"], hmac::HMAC_SHA512)?);
        let parts = Parts {
            kid: URL_SAFE_NO_PAD.encode(id),
            id,
            secret,
            seal: LessSafeKey::new(seal),
            derive,
        };
        Ok(Self {
            signs_from,
            parts: Arc::new(parts),
        })
    }

    /// Returns the id, which every token of this key begins with.
    pub fn id(&self) -> &[u8; SESSION_KEY_ID_BYTES] {
        &self.parts.id
    }

    /// Returns the id in base64url, as the ring's document and an emergency call it.
    pub fn kid(&self) -> &str {
        &self.parts.kid
    }

    /// Returns the key that seals and opens tokens.
    pub fn sealing(&self) -> &LessSafeKey {
        &self.parts.seal
    }

    /// Returns the key that derives the successor of a token.
    pub fn deriving(&self) -> &hmac::Key {
        &self.parts.derive
    }

    /// Returns the secret in base64url, for the document of the ring alone.
    pub(super) fn secret(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.parts.secret.as_slice()))
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SessionKey({})", self.kid())
    }
}
