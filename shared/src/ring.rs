//! The key ring: the private keys with the dates of each one's life. `docs/keys.md` draws that life.
//!
//! The document is `{"keys": [{"kind": "RS256", "pem": "-----BEGIN PRIVATE KEY-----…", "made_at": "…", "signs_from": "…",
//! "signs_until": "…", "drop_at": "…"}]}`, the same in the secret of a deployment and in the file of a laptop. `signs_until` and
//! `drop_at` never change once they are written: whoever signs by an old copy of the ring still keeps to them.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::keys::{KeysError, Kind, SigningKey};

/// The dates of a key's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// When it was made.
    pub made_at: Timestamp,
    /// From when it signs: later than its publication by the lead, but for the first key of a ring.
    pub signs_from: Timestamp,
    /// Until when, this time excluded, it signs.
    pub signs_until: Timestamp,
    /// When it may be dropped from ring and JWK Set: no token that it signed is taken by then.
    pub drop_at: Timestamp,
}

/// A private key and its dates.
#[derive(Debug)]
pub struct RingKey {
    /// The key.
    pub key: SigningKey,
    /// The dates.
    pub dates: Dates,
}

/// The private keys, in the order in which they were made.
#[derive(Debug, Default)]
pub struct Ring {
    /// The keys.
    pub keys: Vec<RingKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    keys: Vec<DocumentKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentKey {
    kind: Kind,
    pem: Zeroizing<String>,
    made_at: Timestamp,
    signs_from: Timestamp,
    signs_until: Timestamp,
    drop_at: Timestamp,
}

impl Ring {
    /// Reads the document. One without keys is a ring without keys.
    ///
    /// # Errors
    ///
    /// What is not such a document, and keys that are not taken.
    pub fn parse(document: &str) -> Result<Self, KeysError> {
        let document: Document = serde_json::from_str(document)
            .map_err(|error| KeysError::no_document("document of signing keys", &error))?;
        let keys = document.keys.into_iter().enumerate().map(|(index, key)| {
            let dates = Dates {
                made_at: key.made_at,
                signs_from: key.signs_from,
                signs_until: key.signs_until,
                drop_at: key.drop_at,
            };
            let key = SigningKey::read(key.kind, key.pem).map_err(|rule| KeysError::of_key(index, &rule))?;
            Ok(RingKey { key, dates })
        });
        Ok(Self {
            keys: keys.collect::<Result<_, KeysError>>()?,
        })
    }

    /// The document of this ring: a secret.
    ///
    /// # Errors
    ///
    /// Where it cannot be written as JSON.
    pub fn document(&self) -> Result<Zeroizing<String>, KeysError> {
        let document = Document {
            keys: self
                .keys
                .iter()
                .map(|RingKey { key, dates }| DocumentKey {
                    kind: key.kind(),
                    pem: key.pem().clone(),
                    made_at: dates.made_at,
                    signs_from: dates.signs_from,
                    signs_until: dates.signs_until,
                    drop_at: dates.drop_at,
                })
                .collect(),
        };
        serde_json::to_string(&document)
            .map(Zeroizing::new)
            .map_err(|error| KeysError::new(error.to_string()))
    }

    /// The key that signs a token now: of those whose time it is, the one that began last. A key whose published life would end
    /// before `reach_seconds` from now does not sign: that is the token's life, which may have been made longer since the key
    /// was made, and the time for which verifiers keep what was published.
    #[must_use]
    pub fn signer(&self, now: Timestamp, reach_seconds: u32) -> Option<&SigningKey> {
        self.keys
            .iter()
            .filter(|RingKey { dates, .. }| dates.signs_from <= now && now < dates.signs_until)
            .filter(|RingKey { dates, .. }| now.plus(reach_seconds) <= dates.drop_at)
            .max_by_key(|RingKey { dates, .. }| (dates.signs_from, dates.made_at))
            .map(|RingKey { key, .. }| key)
    }

    /// Whether the next key has been signing for a tenth of a rotation and no rotation has made another one: something is wrong with
    /// the schedule, which gives a rotation a day's time.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        let newest = self
            .keys
            .iter()
            .max_by_key(|RingKey { dates, .. }| dates.signs_from);
        newest.is_some_and(|RingKey { dates, .. }| {
            // A key may sign for the time of two rotations.
            let rotation = (dates.signs_until.unix() - dates.signs_from.unix()) / 2;
            now.unix() > dates.signs_from.unix() + rotation / 10
        })
    }

    /// The ids of its keys.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|RingKey { key, .. }| key.kid())
    }

    /// Whether a key of this id is in it.
    #[must_use]
    pub fn contains(&self, kid: &str) -> bool {
        self.kids().any(|known| known == kid)
    }
}
