//! SHA-2 crypt: `$5$` with SHA-256 and `$6$` with SHA-512.

use base64ct::{Base64ShaCrypt, Encoding as _};
use sha_crypt::{Params, PasswordHashRef, PasswordVerifier as _, ShaCrypt};

use super::{ImportedHash, Unread, text};
use crate::passwords::password::MAX_BYTES;

pub(super) const BOUNDS: &str = "1,000,000 rounds";
const MAX_ROUNDS: u32 = 1_000_000;
const MAX_SALT_BYTES: usize = 16;
/// A round hashes a password about twice, so that a long one multiplies the time: with SHA-512 a round takes as long as 100 bytes of it.
/// Where rounds times bytes are more than this, about a second on a full core, no password matches.
const MAX_ROUND_BYTES: u64 = 160 << 20;
const BYTES_A_ROUND: u64 = 100;
const MILLISECONDS_A_ROUND_BYTE: f64 = 0.000_006_4;

/// A hash by SHA-2 crypt.
pub(super) struct ShaCryptHash {
    text: String,
    rounds: u32,
}

impl ShaCryptHash {
    /// Parses `$6$salt$output` or `$6$rounds=656000$salt$output`.
    pub(super) fn parse(text: &str) -> Result<Self, Unread> {
        PasswordHashRef::new(text).map_err(|_| Unread::Malformed)?;
        let (id, rounds, salt, output) = if let Ok(["", id, salt, output]) = text::fields(text) {
            (id, Params::RECOMMENDED_ROUNDS, salt, output)
        } else if let ["", id, rounds, salt, output] = text::fields(text)? {
            let rounds = rounds.strip_prefix("rounds=").ok_or(Unread::Malformed)?;
            (id, text::number(rounds)?, salt, output)
        } else {
            return Err(Unread::Malformed);
        };
        let bytes = if id == "5" { 32 } else { 64 };
        let mut decoded = [0; 64];
        let decoded = Base64ShaCrypt::decode(output, &mut decoded).map_err(|_| Unread::Malformed)?;
        if decoded.len() != bytes || salt.len() > MAX_SALT_BYTES || rounds < Params::ROUNDS_MIN {
            return Err(Unread::Malformed);
        }
        if rounds > MAX_ROUNDS {
            return Err(Unread::OutOfBounds);
        }
        Ok(Self {
            text: text.to_owned(),
            rounds,
        })
    }
}

impl ShaCryptHash {
    fn round_bytes(&self, password_bytes: usize) -> u64 {
        u64::from(self.rounds).saturating_mul(BYTES_A_ROUND + password_bytes as u64)
    }
}

impl ImportedHash for ShaCryptHash {
    fn matches(&self, typed: &str) -> bool {
        self.round_bytes(typed.len()) <= MAX_ROUND_BYTES
            && ShaCrypt::default()
                .verify_password(typed.as_bytes(), self.text.as_str())
                .is_ok()
    }

    /// With the longest password, which an attacker who compares times would send.
    #[expect(clippy::cast_precision_loss, reason = "it is below 2^28")]
    fn milliseconds(&self) -> f64 {
        self.round_bytes(MAX_BYTES).min(MAX_ROUND_BYTES) as f64 * MILLISECONDS_A_ROUND_BYTE
    }
}
