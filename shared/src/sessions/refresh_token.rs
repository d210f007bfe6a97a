//! Refresh tokens: opaque text, sealed by a session key.
//!
//! A token is the base64url of the session key's id, a nonce, and what AES-256-GCM-SIV (RFC 8452) makes of the session's id and
//! time, the token's own time, the generation, 32 secret bytes and the user's id. So a forged one is rejected without the store, and no id can be read
//! in it. The first token of a session is drawn; each further one is derived from its predecessor by HMAC-SHA-512 under the other
//! key of a session key, with a salt that only the table has. To continue a session therefore takes its newest token, or a spent
//! one with both table and keys.

use std::fmt;

use aws_lc_rs::aead::{Aad, Nonce};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::decision::Presented;
use super::session::{Digest, SALT_BYTES};
use crate::clock::Timestamp;
use crate::digest;
use crate::error::Error;
use crate::keys::{DEVICE_SECONDS, SESSION_KEY_ID_BYTES, SessionKey};
use crate::random;

const NONCE_BYTES: usize = 12;
const SECRET_BYTES: usize = 32;
/// A ULID.
const SESSION_BYTES: usize = 26;
/// The longest token, in characters; a client may keep it in a column of that width.
const MAX_CHARS: usize = 512;

/// A refresh token that this service sealed. Prints its session alone, and is wiped when dropped.
pub struct RefreshToken {
    text: Zeroizing<String>,
    /// The id of its user.
    pub user: String,
    /// The id of its session.
    pub session: String,
    /// When its session began.
    pub created_at: Timestamp,
    /// When it was issued.
    issued_at: Timestamp,
    /// How many tokens of the session came before it.
    pub generation: u32,
}

/// Where a token belongs: all of its content that is not secret.
struct Place<'a> {
    user: &'a str,
    session: &'a str,
    created_at: Timestamp,
    issued_at: Timestamp,
    generation: u32,
}

impl RefreshToken {
    /// Creates the first token of a session.
    pub fn first(user: &str, session: &str, created_at: Timestamp, key: &SessionKey) -> Result<Self, Error> {
        let place = Place {
            user,
            session,
            created_at,
            issued_at: created_at,
            generation: 0,
        };
        Self::seal(&place, &random::bytes()?, random::bytes()?, key)
    }

    /// Returns the id of the session key that a text names as its own; `None` for what cannot be a refresh token.
    pub fn key_id(text: &str) -> Option<[u8; SESSION_KEY_ID_BYTES]> {
        if text.len() > MAX_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.first_chunk().copied()
    }

    /// Opens a token by the session key that [`RefreshToken::key_id`] names; `None` where it was not sealed by that key.
    pub fn open(text: &str, key: &SessionKey) -> Option<Self> {
        if text.len() > MAX_CHARS {
            return None;
        }
        let mut bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let (id, rest) = bytes.split_first_chunk_mut::<SESSION_KEY_ID_BYTES>()?;
        let (nonce, sealed) = rest.split_first_chunk_mut::<NONCE_BYTES>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened: &[u8] = key.sealing().open_in_place(nonce, Aad::from(*id), sealed).ok()?;
        let (session, opened) = opened.split_at_checked(SESSION_BYTES)?;
        let (created_at, opened) = opened.split_first_chunk()?;
        let (issued_at, opened) = opened.split_first_chunk()?;
        let (generation, opened) = opened.split_first_chunk()?;
        let (_, user) = opened.split_at_checked(SECRET_BYTES)?;
        let text_of = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).ok();
        Some(Self {
            text: Zeroizing::new(text.to_owned()),
            user: text_of(user)?,
            session: text_of(session)?,
            created_at: Timestamp::from_unix(i64::from_be_bytes(*created_at)),
            issued_at: Timestamp::from_unix(i64::from_be_bytes(*issued_at)),
            generation: u32::from_be_bytes(*generation),
        })
    }

    /// Derives the token that follows this one; the same for the same salt, key and time of issue.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where it cannot be sealed.
    pub fn successor(
        &self,
        salt: &[u8; SALT_BYTES],
        issued_at: Timestamp,
        key: &SessionKey,
    ) -> Result<Self, Error> {
        let mut context = hmac::Context::with_key(key.deriving());
        context.update(salt);
        context.update(self.text.as_bytes());
        let derived = context.sign();
        let (secret, rest) = derived
            .as_ref()
            .split_first_chunk()
            .ok_or_else(|| unsealed("the derived bytes are too few"))?;
        let nonce = rest
            .first_chunk()
            .ok_or_else(|| unsealed("the derived bytes are too few"))?;
        let place = Place {
            user: &self.user,
            session: &self.session,
            created_at: self.created_at,
            issued_at,
            generation: self.generation.saturating_add(1),
        };
        Self::seal(&place, secret, *nonce, key)
    }

    fn seal(
        place: &Place<'_>,
        secret: &[u8; SECRET_BYTES],
        nonce: [u8; NONCE_BYTES],
        key: &SessionKey,
    ) -> Result<Self, Error> {
        if place.session.len() != SESSION_BYTES {
            return Err(unsealed("the session's id has another length"));
        }
        let mut content = Zeroizing::new(Vec::new());
        content.extend_from_slice(place.session.as_bytes());
        content.extend_from_slice(&place.created_at.unix().to_be_bytes());
        content.extend_from_slice(&place.issued_at.unix().to_be_bytes());
        content.extend_from_slice(&place.generation.to_be_bytes());
        content.extend_from_slice(secret);
        content.extend_from_slice(place.user.as_bytes());
        let tag = key
            .sealing()
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(*key.id()),
                &mut content,
            )
            .map_err(|_| unsealed("the cipher failed"))?;
        let token = [key.id().as_slice(), &nonce, &content, tag.as_ref()].concat();
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(token));
        if text.len() > MAX_CHARS {
            return Err(unsealed("the user's id is too long for one"));
        }
        Ok(Self {
            text,
            user: place.user.to_owned(),
            session: place.session.to_owned(),
            created_at: place.created_at,
            issued_at: place.issued_at,
            generation: place.generation,
        })
    }

    /// Returns the token as the client gets it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the digest that the table has of it.
    pub fn digest(&self) -> Digest {
        digest::sha256(&self.text)
    }

    /// Reports whether it is young enough to prove the device of a log-in: issued at most 30 days ago.
    pub fn proves_device(&self, now: Timestamp) -> bool {
        now <= self.issued_at.plus(DEVICE_SECONDS)
    }

    /// Returns what decides about it.
    pub fn presented(&self) -> Presented {
        Presented {
            digest: self.digest(),
            generation: self.generation,
        }
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RefreshToken(… of session {})", self.session)
    }
}

fn unsealed(why: &'static str) -> Error {
    Error::internal("the refresh token", why)
}
