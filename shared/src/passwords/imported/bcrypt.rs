//! bcrypt, and how WordPress calls it.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::{ImportedHash, Unread};
use crate::passwords::HashParts;

/// What bcrypt reads of a password, in bytes; it never looks at the rest.
const PASSWORD_BYTES: usize = 72;
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
    pub(super) fn parse(text: &str) -> Result<Self, Unread> {
        let parts: bcrypt::HashParts = text.parse().map_err(|_| Unread::Malformed)?;
        if parts.get_cost() > MAX_COST {
            return Err(Unread::OutOfBounds);
        }
        Ok(Self {
            text: text.to_owned(),
            cost: parts.get_cost(),
        })
    }
}

impl ImportedHash for Bcrypt {
    fn matches(&self, typed: &str) -> bool {
        bcrypt::verify(typed, &self.text).unwrap_or(false)
    }

    fn milliseconds(&self) -> f64 {
        MILLISECONDS_AT_COST_0 * f64::from(1_u32 << self.cost)
    }

    fn reads_all_of(&self, typed: &str) -> bool {
        typed.len() <= PASSWORD_BYTES
    }

    fn parts(&self) -> HashParts {
        HashParts::Bcrypt
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
        // As PHP's trim() does, both where a password is set and where it is checked.
        let trimmed = typed.trim_matches([' ', '\t', '\n', '\r', '\0', '\x0b']);
        let key = hmac::Key::new(hmac::HMAC_SHA384, b"wp-sha384");
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(hmac::sign(&key, trimmed.as_bytes())));
        self.0.matches(&encoded)
    }

    fn milliseconds(&self) -> f64 {
        self.0.milliseconds()
    }
}
