//! Firebase Authentication's scrypt ([its utility](https://github.com/firebase/scrypt)): the derived key encrypts the project's signer key
//! by AES-256-CTR, and the hash is the ciphertext.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::scrypt::{BOUNDS, Cost};
use super::text::{self, Phc};
use super::{ImportedHash, Unread};
use crate::error::{Code, Violation};
use crate::passwords::StoredHash;

const DERIVED_BYTES: usize = 64;
const AES_256_KEY_BYTES: usize = 32;

/// A project's password hash parameters, from the Firebase console.
pub struct FirebaseParameters {
    signer_key: Zeroizing<Vec<u8>>,
    salt_separator: Vec<u8>,
    rounds: u32,
    mem_cost: u32,
}

impl FirebaseParameters {
    /// Parses the parameters `base64_signer_key`, `base64_salt_separator`, `rounds` and `mem_cost`.
    ///
    /// # Errors
    ///
    /// The name of a parameter and the rule that it breaks; never the parameter.
    pub fn parse(
        signer_key: &str,
        salt_separator: &str,
        rounds: u32,
        mem_cost: u32,
    ) -> Result<Self, Violation> {
        let decoded = |name: &str, text: &str| {
            let violation = |_| Violation::new(Code::Invalid, format!("{name}: Must be base64"));
            text::base64(text).map_err(violation)
        };
        let dear = |_| {
            let message = format!("rounds and mem_cost: Must be above 0 and ask for no more than {BOUNDS}");
            Violation::new(Code::Invalid, message)
        };
        Cost::new(mem_cost, rounds, 1).map_err(dear)?;
        Ok(Self {
            signer_key: Zeroizing::new(decoded("base64_signer_key", signer_key)?),
            salt_separator: decoded("base64_salt_separator", salt_separator)?,
            rounds,
            mem_cost,
        })
    }

    /// Returns the stored form of a user's `passwordHash` and `salt`. It holds the key stream and not the ciphertext, which without the
    /// signer key says as much of a password: so the functions need no signer key, and a table tells none.
    ///
    /// # Errors
    ///
    /// The rule that they break; never the hash.
    pub fn stored_hash(&self, hash: &str, salt: &str) -> Result<StoredHash, Violation> {
        let malformed = |_| Violation::new(Code::Invalid, "Must be the hash and the salt of a Firebase user");
        let mut key_stream = text::base64(hash).map_err(malformed)?;
        if key_stream.len() != self.signer_key.len() {
            return Err(Violation::new(Code::Invalid, "Must be as long as the signer key"));
        }
        for (byte, key) in key_stream.iter_mut().zip(self.signer_key.iter()) {
            *byte ^= key;
        }
        let mut salt = text::base64(salt).map_err(malformed)?;
        salt.extend(&self.salt_separator);
        StoredHash::parse(&format!(
            "$firebase-scrypt$ln={},r={}${}${}",
            self.mem_cost,
            self.rounds,
            BASE64_STANDARD_NO_PAD.encode(&salt),
            BASE64_STANDARD_NO_PAD.encode(&key_stream),
        ))
    }
}

/// A stored hash of a Firebase user.
pub(super) struct Firebase {
    cost: Cost,
    salt: Vec<u8>,
    key_stream: Vec<u8>,
}

impl Firebase {
    /// Parses `$firebase-scrypt$ln=14,r=8$salt$key stream`.
    pub(super) fn parse(text: &str) -> Result<Self, Unread> {
        let phc = Phc::parse(text)?;
        text::check_lengths(&phc.salt, &phc.output)?;
        Ok(Self {
            cost: Cost::new(phc.number("ln")?, phc.number("r")?, 1)?,
            salt: phc.salt,
            key_stream: phc.output,
        })
    }

    /// Returns the key stream of a password.
    fn key_stream_of(&self, typed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let derived = self.cost.derive(typed, &self.salt, DERIVED_BYTES)?;
        let key = UnboundCipherKey::new(&AES_256, derived.get(..AES_256_KEY_BYTES)?).ok()?;
        // In counter mode decryption is encryption; the counter begins at 0.
        let mut key_stream = Zeroizing::new(vec![0; self.key_stream.len()]);
        let counter = DecryptionContext::Iv128(FixedLength::from([0; 16]));
        DecryptingKey::ctr(key)
            .ok()?
            .decrypt(&mut key_stream, counter)
            .ok()?;
        Some(key_stream)
    }
}

impl ImportedHash for Firebase {
    fn matches(&self, typed: &str) -> bool {
        self.key_stream_of(typed)
            .is_some_and(|computed| verify_slices_are_equal(&computed, &self.key_stream).is_ok())
    }

    fn milliseconds(&self) -> f64 {
        self.cost.milliseconds()
    }
}
