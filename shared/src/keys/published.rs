//! The published keys: what verifiers may fetch, with dates, and the ids of compromised keys.
//!
//! The document is `{"keys": [{"jwk": {…}, "published_at": "…", "signs_from": "…", "drop_at": "…"}], "compromised": [{"kid": "…",
//! "forget_at": "…"}]}`. A key leaves it by its date alone, or because it was compromised; that is recorded for as long as any ring
//! could bring it back.

use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::{Deserialize, Serialize};

use super::key::{KeysError, PublicKey};
use super::ring::{Ring, RingKey};
use crate::clock::Timestamp;

/// The published keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Published {
    keys: Vec<PublishedKey>,
    compromised: Vec<Compromised>,
}

/// A published key with its dates.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedKey {
    jwk: Jwk,
    /// `None` where the JWK is rejected. It stays until its date or an emergency removes it, so that a rotation can go on.
    public: Option<PublicKey>,
    /// When it was published.
    pub published_at: Timestamp,
    /// The earliest time from which any ring signed by it. A token of an earlier time is none of ours.
    pub signs_from: Timestamp,
    /// When it leaves the JWK Set: every token that it signed has expired by then.
    pub drop_at: Timestamp,
}

impl PublishedKey {
    /// Returns the id.
    pub fn kid(&self) -> Option<&str> {
        self.jwk.common.key_id.as_deref()
    }

    /// Returns the algorithm of its signatures; `None` where the JWK is rejected.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.public.as_ref().map(PublicKey::algorithm)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Compromised {
    kid: String,
    forget_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    keys: Vec<DocumentKey>,
    #[serde(default)]
    compromised: Vec<Compromised>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentKey {
    jwk: Jwk,
    published_at: Timestamp,
    signs_from: Timestamp,
    drop_at: Timestamp,
}

impl Published {
    /// Reads the document.
    ///
    /// # Errors
    ///
    /// Text that is not such a document.
    pub fn parse(document: &str) -> Result<Self, KeysError> {
        let document: Document = serde_json::from_str(document)
            .map_err(|error| KeysError::not_a("document of published keys", &error))?;
        let keys = document.keys.into_iter().map(|key| PublishedKey {
            public: PublicKey::read(key.jwk.clone()).ok(),
            jwk: key.jwk,
            published_at: key.published_at,
            signs_from: key.signs_from,
            drop_at: key.drop_at,
        });
        Ok(Self {
            keys: keys.collect(),
            compromised: document.compromised,
        })
    }

    /// Rejects keys that cannot verify: a function does not start with them.
    pub fn check(&self) -> Result<(), KeysError> {
        for (index, key) in self.keys.iter().enumerate() {
            PublicKey::read(key.jwk.clone()).map_err(|rule| KeysError::at(index, &rule))?;
        }
        Ok(())
    }

    /// Writes the document.
    pub fn document(&self) -> Result<String, KeysError> {
        let keys = self.keys.iter().map(|key| DocumentKey {
            jwk: key.jwk.clone(),
            published_at: key.published_at,
            signs_from: key.signs_from,
            drop_at: key.drop_at,
        });
        let document = Document {
            keys: keys.collect(),
            compromised: self.compromised.clone(),
        };
        serde_json::to_string(&document).map_err(|error| KeysError::new(error.to_string()))
    }

    /// Adds the keys of a ring and removes what may leave by now. A compromised key does not come back. Where the ring signs sooner
    /// by a key than was published, the earlier time is published; a later one is not, since tokens of the earlier may be out.
    pub fn with(&self, ring: &Ring, now: Timestamp) -> Self {
        let mut next = self.clone();
        for RingKey { key, dates } in &ring.keys {
            let known = next.keys.iter_mut().find(|known| known.kid() == Some(key.kid()));
            if let Some(known) = known {
                known.signs_from = known.signs_from.min(dates.signs_from);
            } else if !next.is_compromised(key.kid()) {
                let public = key.public();
                next.keys.push(PublishedKey {
                    jwk: public.jwk().clone(),
                    public: Some(public.clone()),
                    published_at: now,
                    signs_from: dates.signs_from,
                    drop_at: dates.drop_at,
                });
            }
        }
        next.keys.retain(|key| now < key.drop_at);
        next.compromised.retain(|key| now < key.forget_at);
        next
    }

    /// Removes a compromised key, which no ring brings back before `forget_at`.
    pub fn without(&self, kid: &str, forget_at: Timestamp) -> Self {
        let mut next = self.clone();
        next.keys.retain(|key| key.kid() != Some(kid));
        next.compromised.retain(|key| key.kid != kid);
        next.compromised.push(Compromised {
            kid: kid.to_owned(),
            forget_at,
        });
        next
    }

    /// Returns all keys, whatever their dates, in the order in which they were published.
    pub fn keys(&self) -> &[PublishedKey] {
        &self.keys
    }

    /// Returns the ids of compromised keys, each with the time until which no ring brings it back.
    pub fn compromised(&self) -> impl Iterator<Item = (&str, Timestamp)> {
        self.compromised
            .iter()
            .map(|key| (key.kid.as_str(), key.forget_at))
    }

    /// Reports whether a key of this id is published, whatever its date.
    pub fn contains(&self, kid: &str) -> bool {
        self.published_at(kid).is_some()
    }

    /// Returns the time since which a key of this id is published; `None` where it is not.
    pub fn published_at(&self, kid: &str) -> Option<Timestamp> {
        self.entry(kid).map(|key| key.published_at)
    }

    /// Reports whether every token that this key of a ring will sign verifies by what is published.
    pub fn covers(&self, RingKey { key, dates }: &RingKey) -> bool {
        self.has_begun(key.kid(), dates.signs_from)
    }

    /// Reports whether the key of this id could sign at this time: it is published, and its time had come.
    pub fn has_begun(&self, kid: &str, time: Timestamp) -> bool {
        self.entry(kid).is_some_and(|key| key.signs_from <= time)
    }

    fn entry(&self, kid: &str) -> Option<&PublishedKey> {
        self.keys.iter().find(|key| key.kid() == Some(kid))
    }

    /// Returns the ids of all keys.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().filter_map(PublishedKey::kid)
    }

    /// Reports whether the key of this id was compromised.
    pub fn is_compromised(&self, kid: &str) -> bool {
        self.compromised.iter().any(|key| key.kid == kid)
    }

    /// Returns the key of a `kid` that has not left by now.
    pub fn find(&self, kid: &str, now: Timestamp) -> Option<&PublicKey> {
        self.current(now).find(|key| key.kid() == kid)
    }

    /// Returns the JWK Set (RFC 7517 section 5) of the keys that have not left by now: public members only.
    pub fn jwk_set(&self, now: Timestamp) -> JwkSet {
        JwkSet {
            keys: self.current(now).map(|key| key.jwk().clone()).collect(),
        }
    }

    /// Reports whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn current(&self, now: Timestamp) -> impl Iterator<Item = &PublicKey> {
        self.keys
            .iter()
            .filter(move |key| now < key.drop_at)
            .filter_map(|key| key.public.as_ref())
    }
}
