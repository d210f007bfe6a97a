//! bcrypt, and how Django and WordPress call it.

use std::str::FromStr as _;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::{ImportedHash, Unread, text};
use crate::passwords::HashParts;

/// What bcrypt reads of a password, in bytes, with the NUL at its end; it never looks at the rest.
const KEY_BYTES: usize = 72;
/// The cheapest cost that there is.
const MIN_COST: u32 = 4;
/// The dearest cost that a row may ask for: about a second on a full core.
const MAX_COST: u32 = 14;
pub(super) const BOUNDS: &str = "cost 14";
/// Twice as much by each step of the cost.
const MILLISECONDS_AT_COST_0: f64 = 0.065;

/// A bcrypt hash.
pub(super) struct Bcrypt {
    text: String,
    cost: u32,
}

impl Bcrypt {
    /// Parses `$2b$12$`, salt and output, which Django writes as `bcrypt$$2b$12$` and these.
    pub(super) fn parse(text: &str) -> Result<Self, Unread> {
        let text = text.strip_prefix("bcrypt$").unwrap_or(text);
        bcrypt::HashParts::from_str(text).map_err(|_| Unread::Malformed)?;
        let cost = text::number(text.get(4..6).ok_or(Unread::Malformed)?)?;
        if cost < MIN_COST {
            return Err(Unread::Malformed);
        }
        if cost > MAX_COST {
            return Err(Unread::OutOfBounds);
        }
        let text = text.to_owned();
        Ok(Self { text, cost })
    }
}

impl ImportedHash for Bcrypt {
    fn matches(&self, typed: &str) -> bool {
        // The key is the password and a NUL, over and over: `secret`, a NUL and `secret` have the key of `secret`.
        !typed.contains('\0') && bcrypt::verify(typed, &self.text).unwrap_or(false)
    }

    fn milliseconds(&self) -> f64 {
        MILLISECONDS_AT_COST_0 * f64::from(1_u32 << self.cost)
    }

    fn reads_all_of(&self, typed: &str) -> bool {
        typed.len() < KEY_BYTES
    }

    fn parts(&self) -> HashParts {
        HashParts::Bcrypt
    }
}

/// A hash of Django's `BCryptSHA256PasswordHasher`: bcrypt of the digits of SHA-256, so that it reads the whole password. Source:
/// [hashers.py](https://github.com/django/django/blob/main/django/contrib/auth/hashers.py).
pub(super) struct DjangoSha256(Bcrypt);

impl DjangoSha256 {
    /// Parses `bcrypt_sha256$$2b$12$`, salt and output.
    pub(super) fn parse(text: &str) -> Result<Self, Unread> {
        let bcrypt = text.strip_prefix("bcrypt_sha256$").ok_or(Unread::Malformed)?;
        Bcrypt::parse(bcrypt).map(Self)
    }
}

impl ImportedHash for DjangoSha256 {
    fn matches(&self, typed: &str) -> bool {
        let digits = Zeroizing::new(hex::encode(digest::digest(&digest::SHA256, typed.as_bytes())));
        self.0.matches(&digits)
    }

    fn milliseconds(&self) -> f64 {
        self.0.milliseconds()
    }
}

/// A hash of WordPress 6.8 or later: bcrypt of an HMAC, so that it reads the whole password. Source: `wp_hash_password` in
/// [pluggable.php](https://developer.wordpress.org/reference/functions/wp_hash_password/).
pub(super) struct WordPress(Bcrypt);

impl WordPress {
    pub(super) fn parse(text: &str) -> Result<Self, Unread> {
        let bcrypt = text.strip_prefix("$wp").ok_or(Unread::Malformed)?;
        Bcrypt::parse(bcrypt).map(Self)
    }
}

impl ImportedHash for WordPress {
    fn matches(&self, typed: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA384, b"wp-sha384");
        let encoded =
            Zeroizing::new(BASE64_STANDARD.encode(hmac::sign(&key, text::trimmed(typed).as_bytes())));
        self.0.matches(&encoded)
    }

    fn milliseconds(&self) -> f64 {
        self.0.milliseconds()
    }

    fn reads_all_of(&self, typed: &str) -> bool {
        text::trimmed(typed) == typed
    }
}
