//! phpass's portable hashes, of WordPress before 6.8 (`$P$`) and phpBB (`$H$`): iterated MD5. Source:
//! [phpass](https://www.openwall.com/phpass/), `crypt_private`.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64ct::{Base64ShaCrypt, Encoding as _};
use md5::{Digest as _, Md5};

use super::{ImportedHash, Unread, text};

pub(super) const BOUNDS: &str = "2^19 iterations";
const MIN_LOG_ITERATIONS: u32 = 7;
const MAX_LOG_ITERATIONS: u32 = 19;
/// With a password of 1,024 bytes, which an attacker who compares times would send; with a usual one a tenth.
const MILLISECONDS_AN_ITERATION: f64 = 0.002_2;
const SALT_BYTES: usize = 8;
const OUTPUT_BYTES: usize = 16;

/// A portable hash.
pub(super) struct Phpass {
    /// WordPress trims a password, by `wp_hash_password` and `wp_authenticate` of
    /// [pluggable.php](https://github.com/WordPress/WordPress/blob/6.7-branch/wp-includes/pluggable.php).
    trims: bool,
    log_iterations: u32,
    salt: String,
    output: [u8; OUTPUT_BYTES],
}

impl Phpass {
    /// Parses `$P$`, a character for the logarithm of the iterations, 8 of salt and 22 of output.
    pub(super) fn parse(text: &str) -> Result<Self, Unread> {
        let fields = text.get(3..).filter(|fields| fields.is_ascii());
        let (log_iterations, rest) = fields
            .and_then(|fields| fields.split_at_checked(1))
            .ok_or(Unread::Malformed)?;
        let (salt, output) = rest.split_at_checked(SALT_BYTES).ok_or(Unread::Malformed)?;
        let mut decoded = [0; OUTPUT_BYTES];
        let length = Base64ShaCrypt::decode(output, &mut decoded).map(<[u8]>::len);
        if length != Ok(OUTPUT_BYTES) {
            return Err(Unread::Malformed);
        }
        let log_iterations = digit(log_iterations)?;
        if log_iterations < MIN_LOG_ITERATIONS {
            return Err(Unread::Malformed);
        }
        if log_iterations > MAX_LOG_ITERATIONS {
            return Err(Unread::OutOfBounds);
        }
        Ok(Self {
            trims: text.starts_with("$P$"),
            log_iterations,
            salt: salt.to_owned(),
            output: decoded,
        })
    }
}

impl Phpass {
    /// Returns the form of a password that was hashed.
    fn form_of<'a>(&self, typed: &'a str) -> &'a str {
        if self.trims { text::trimmed(typed) } else { typed }
    }
}

/// Returns what a character stands for in crypt's base64.
fn digit(char: &str) -> Result<u32, Unread> {
    let mut decoded = [0; 1];
    // Two characters are a byte: this one, and one of zeros.
    let byte = Base64ShaCrypt::decode(format!("{char}."), &mut decoded).map_err(|_| Unread::Malformed)?;
    byte.first()
        .map(|digit| u32::from(*digit))
        .ok_or(Unread::Malformed)
}

impl ImportedHash for Phpass {
    fn matches(&self, typed: &str) -> bool {
        let typed = self.form_of(typed);
        let mut hash = Md5::new().chain_update(&self.salt).chain_update(typed).finalize();
        for _ in 0..1_u32 << self.log_iterations {
            hash = Md5::new().chain_update(hash).chain_update(typed).finalize();
        }
        verify_slices_are_equal(&hash, &self.output).is_ok()
    }

    fn milliseconds(&self) -> f64 {
        f64::from(1_u32 << self.log_iterations) * MILLISECONDS_AN_ITERATION
    }

    fn reads_all_of(&self, typed: &str) -> bool {
        self.form_of(typed) == typed
    }
}
