//! The text of an API key: `lk_<user id>_<key id>_<secret>_<checksum>`.
//!
//! Its beginning and its checksum let a scanner of source code find one without asking the service: the checksum is the CRC-32 of all
//! before it, in base62. The ids are ULIDs, and the secret has 27 characters of base62, which are 160 bits.

use std::fmt;

use ulid::Ulid;
use zeroize::Zeroizing;

use crate::digest::SecretDigest;
use crate::error::Error;
use crate::random;

/// What each key begins with, before the first underscore.
const MARK: &str = "lk";
const ULID_CHARS: usize = 26;
const SECRET_CHARS: usize = 27;
const CHECKSUM_CHARS: usize = 6;
/// The parts and the underscores between them.
const CHARS: usize = MARK.len() + 2 * ULID_CHARS + SECRET_CHARS + CHECKSUM_CHARS + 4;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The random bytes below it, four times 62, are as many for each digit.
const UNIFORM: u8 = 248;

/// A key that was just created: shown once and wiped when dropped.
pub struct IssuedKey {
    text: Zeroizing<String>,
    pub(super) hash: SecretDigest,
}

/// A key as a client presents it: well-formed, and nothing more is known of it.
pub struct PresentedKey {
    /// The id of the user whose key it says it is.
    pub user: String,
    /// The id of the key.
    pub id: String,
    pub(super) hash: SecretDigest,
}

/// Returns all of a key before its secret, which may be shown.
pub fn prefix(user: &str, id: &str) -> String {
    format!("{MARK}_{user}_{id}_")
}

impl IssuedKey {
    /// Creates a key with a random secret.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] for ids that are no ULIDs.
    pub fn generate(user: &str, id: &str) -> Result<Self, Error> {
        if !is_ulid(user) || !is_ulid(id) {
            return Err(Error::internal("the API key", "an id is no ULID"));
        }
        let secret = random_secret()?;
        // As long as it will get, so that no copy is left behind.
        let mut text = Zeroizing::new(String::with_capacity(CHARS));
        for part in [prefix(user, id).as_str(), secret.as_str(), "_"] {
            text.push_str(part);
        }
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Ok(Self {
            text,
            hash: SecretDigest::of(&secret),
        })
    }

    /// Returns the key as the client gets it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the same, to be wiped by who takes it.
    pub fn into_text(self) -> Zeroizing<String> {
        self.text
    }
}

impl PresentedKey {
    /// Reports whether a text wants to be a key, so that it is no access token.
    pub(crate) fn is_meant(text: &str) -> bool {
        text.strip_prefix(MARK).is_some_and(|rest| rest.starts_with('_'))
    }

    /// Parses a key; `None` for any text that this service cannot have issued.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != CHARS {
            return None;
        }
        let (checked, given) = text.split_at_checked(CHARS - CHECKSUM_CHARS)?;
        // No secret: who has the rest can compute it.
        if given != checksum(checked) {
            return None;
        }
        let parts: Vec<&str> = checked.split('_').collect();
        let [MARK, user, id, secret, ""] = parts[..] else {
            return None;
        };
        let is_secret =
            secret.len() == SECRET_CHARS && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_ulid(user) && is_ulid(id) && is_secret).then(|| Self {
            user: user.to_owned(),
            id: id.to_owned(),
            hash: SecretDigest::of(secret),
        })
    }
}

impl fmt::Debug for IssuedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IssuedKey(…)")
    }
}

impl fmt::Debug for PresentedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PresentedKey(… of key {})", self.id)
    }
}

/// Reports whether a text is a ULID in the one form that is issued: the crate also reads lower case.
fn is_ulid(text: &str) -> bool {
    Ulid::from_string(text).is_ok_and(|ulid| ulid.to_string() == text)
}

/// Draws a secret of which each character is any of the 62 with the same probability.
fn random_secret() -> Result<Zeroizing<String>, Error> {
    let mut secret = Zeroizing::new(String::with_capacity(SECRET_CHARS));
    while secret.len() < SECRET_CHARS {
        let bytes = Zeroizing::new(random::bytes::<SECRET_CHARS>()?);
        let missing = SECRET_CHARS - secret.len();
        let uniform = bytes.iter().filter(|byte| **byte < UNIFORM).take(missing);
        secret.extend(uniform.map(|byte| char::from(DIGITS[usize::from(byte % 62)])));
    }
    Ok(secret)
}

/// Computes the CRC-32 (that of zlib) of a text in base62.
fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = ['0'; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = char::from(DIGITS[usize::try_from(rest % 62).unwrap_or_default()]);
        rest /= 62;
    }
    digits.iter().collect()
}
