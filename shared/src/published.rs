//! What is published of the keys: an item of the table that the rotation writes before any key of it signs, and that is all that
//! `me` and the discovery read.
//!
//! The document is `{"keys": [{"jwk": {…}, "published_at": "…", "drop_at": "…"}], "compromised": [{"kid": "…", "forget_at": "…"}]}`. A key leaves
//! it by its date alone, or because it was compromised; that is remembered for as long as any ring could bring it back.

use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::keys::{KeysError, PublicKey};
use crate::ring::Ring;

/// The document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    keys: Vec<PublishedKey>,
    #[serde(default)]
    compromised: Vec<Compromised>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishedKey {
    jwk: Jwk,
    published_at: Timestamp,
    drop_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Compromised {
    kid: String,
    forget_at: Timestamp,
}

impl PublishedKey {
    fn is(&self, kid: &str) -> bool {
        self.jwk.common.key_id.as_deref() == Some(kid)
    }
}

impl Published {
    /// Reads the document.
    ///
    /// # Errors
    ///
    /// What is not such a document.
    pub fn parse(document: &str) -> Result<Self, KeysError> {
        serde_json::from_str(document)
            .map_err(|error| KeysError::no_document("document of published keys", &error))
    }

    /// The document of what is published.
    ///
    /// # Errors
    ///
    /// Where it cannot be written as JSON.
    pub fn document(&self) -> Result<String, KeysError> {
        serde_json::to_string(self).map_err(|error| KeysError::new(error.to_string()))
    }

    /// This, and the keys of a ring; without what may be dropped by now. A key that was compromised does not come back.
    #[must_use]
    pub fn with(&self, ring: &Ring, now: Timestamp) -> Self {
        let mut next = self.clone();
        for ring_key in &ring.keys {
            let kid = ring_key.key.kid();
            if !next.contains(kid) && !next.is_compromised(kid) {
                next.keys.push(PublishedKey {
                    jwk: ring_key.key.public().clone(),
                    published_at: now,
                    drop_at: ring_key.dates.drop_at,
                });
            }
        }
        next.keys.retain(|key| now < key.drop_at);
        next.compromised.retain(|key| now < key.forget_at);
        next
    }

    /// This without a key that was compromised, which no ring brings back before `forget_at`.
    #[must_use]
    pub fn without(&self, kid: &str, forget_at: Timestamp) -> Self {
        let mut next = self.clone();
        next.keys.retain(|key| !key.is(kid));
        next.compromised.retain(|key| key.kid != kid);
        next.compromised.push(Compromised {
            kid: kid.to_owned(),
            forget_at,
        });
        next
    }

    /// Whether a key of this id is published, whatever its date.
    #[must_use]
    pub fn contains(&self, kid: &str) -> bool {
        self.published_at(kid).is_some()
    }

    /// Since when a key of this id is published; `None` where it is not.
    #[must_use]
    pub fn published_at(&self, kid: &str) -> Option<Timestamp> {
        self.keys
            .iter()
            .find(|key| key.is(kid))
            .map(|key| key.published_at)
    }

    /// The ids of what is published.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys
            .iter()
            .filter_map(|key| key.jwk.common.key_id.as_deref())
    }

    /// Whether the key of this id was compromised.
    #[must_use]
    pub fn is_compromised(&self, kid: &str) -> bool {
        self.compromised.iter().any(|key| key.kid == kid)
    }
}

/// The published keys, ready to verify by.
pub struct PublicKeys(Vec<(Jwk, PublicKey, Timestamp)>);

impl PublicKeys {
    /// Reads the document of [`Published`].
    ///
    /// # Errors
    ///
    /// What is not such a document, and keys that are not taken.
    pub fn parse(document: &str) -> Result<Self, KeysError> {
        let keys = Published::parse(document)?.keys.into_iter().enumerate();
        keys.map(|(index, PublishedKey { jwk, drop_at, .. })| {
            let key = PublicKey::read(&jwk).map_err(|rule| KeysError::of_key(index, &rule))?;
            Ok((jwk, key, drop_at))
        })
        .collect::<Result<_, _>>()
        .map(Self)
    }

    /// The key of a `kid`, if it is not to be dropped by now.
    #[must_use]
    pub fn find(&self, kid: &str, now: Timestamp) -> Option<&PublicKey> {
        self.current(now)
            .find(|(_, key)| key.kid() == kid)
            .map(|(_, key)| key)
    }

    /// The JWK Set (RFC 7517 section 5) of the keys that are not to be dropped by now: public members only.
    #[must_use]
    pub fn jwk_set(&self, now: Timestamp) -> JwkSet {
        JwkSet {
            keys: self.current(now).map(|(jwk, _)| jwk.clone()).collect(),
        }
    }

    fn current(&self, now: Timestamp) -> impl Iterator<Item = (&Jwk, &PublicKey)> {
        self.0
            .iter()
            .filter(move |(_, _, drop_at)| now < *drop_at)
            .map(|(jwk, key, _)| (jwk, key))
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
