//! The key ring: the private keys with the dates of each one's life, and the session keys. `docs/keys.md` draws these lives.
//!
//! The document is `{"keys": [{"kind": "RS256", "pem": "-----BEGIN PRIVATE KEY-----…", "made_at": "…", "signs_from": "…",
//! "signs_until": "…", "drop_at": "…"}], "session_keys": [{"id": "…", "secret": "…", "signs_from": "…"}], "names_key": "…"}`, the same in the secret
//! of a deployment and in the file of `cargo dev`. `signs_until` and `drop_at` never change once they are written: a function that
//! signs by an old copy of the ring still keeps to them.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::key::{KeysError, Kind, SigningKey};
use super::lifecycle::Dates;
use super::names_key::NamesKey;
use super::session_key::{SESSION_KEY_ID_BYTES, SessionKey};
use crate::clock::Timestamp;

/// A private key and its dates.
#[derive(Debug)]
pub struct RingKey {
    /// The key.
    pub key: SigningKey,
    /// The dates.
    pub dates: Dates,
}

/// Writes id, kind and dates, and nothing of the private key.
impl fmt::Display for RingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, dates } = self;
        let (from, until, drop) = (dates.signs_from, dates.signs_until, dates.drop_at);
        let (kid, kind) = (key.kid(), key.kind());
        write!(
            formatter,
            "{kid} {kind} signs from {from} until {until}, may be dropped at {drop}"
        )
    }
}

/// The private keys and the session keys, each in the order in which they were made, and the key of names.
#[derive(Debug, Default)]
pub struct Ring {
    /// The private keys.
    pub keys: Vec<RingKey>,
    /// The session keys.
    pub session_keys: Vec<SessionKey>,
    /// The key of names that no user has.
    pub names_key: Option<NamesKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    keys: Vec<DocumentKey>,
    #[serde(default)]
    session_keys: Vec<DocumentSessionKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    names_key: Option<Zeroizing<String>>,
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentSessionKey {
    id: String,
    secret: Zeroizing<String>,
    signs_from: Timestamp,
}

impl Ring {
    /// Reads the document. One without keys is a ring without keys.
    ///
    /// # Errors
    ///
    /// Text that is not such a document, and keys that are rejected.
    pub fn parse(document: &str) -> Result<Self, KeysError> {
        let document: Document = serde_json::from_str(document)
            .map_err(|error| KeysError::not_a("document of signing keys", &error))?;
        let keys = document.keys.into_iter().enumerate().map(|(index, key)| {
            let dates = Dates {
                made_at: key.made_at,
                signs_from: key.signs_from,
                signs_until: key.signs_until,
                drop_at: key.drop_at,
            };
            let key = SigningKey::read(key.kind, key.pem).map_err(|rule| KeysError::at(index, &rule))?;
            Ok(RingKey { key, dates })
        });
        let session_keys = document.session_keys.iter().enumerate();
        let session_keys = session_keys.map(|(index, key)| {
            SessionKey::read(&key.id, &key.secret, key.signs_from)
                .map_err(|rule| KeysError::new(format!("session key {} {rule}", index + 1)))
        });
        let names_key = document.names_key.map(|secret| {
            NamesKey::read(&secret).map_err(|rule| KeysError::new(format!("the key of names {rule}")))
        });
        Ok(Self {
            keys: keys.collect::<Result<_, KeysError>>()?,
            session_keys: session_keys.collect::<Result<_, KeysError>>()?,
            names_key: names_key.transpose()?,
        })
    }

    /// Writes the document, which is a secret.
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
            session_keys: self
                .session_keys
                .iter()
                .map(|key| DocumentSessionKey {
                    id: key.kid().to_owned(),
                    secret: key.secret(),
                    signs_from: key.signs_from,
                })
                .collect(),
            names_key: self.names_key.as_ref().map(NamesKey::secret),
        };
        serde_json::to_string(&document)
            .map(Zeroizing::new)
            .map_err(|error| KeysError::new(error.to_string()))
    }

    /// Returns the key that signs a token now: of those that may, the one that began last. `reach_seconds` is how long a key stays
    /// published after its last signature ([`super::Lead::reach_seconds`]); a token's life may have been raised since the key was made.
    pub fn signer(&self, now: Timestamp, reach_seconds: u32) -> Option<&SigningKey> {
        self.keys
            .iter()
            .filter(|RingKey { dates, .. }| dates.may_sign(now, reach_seconds))
            .max_by_key(|RingKey { dates, .. }| (dates.signs_from, dates.made_at))
            .map(|RingKey { key, .. }| key)
    }

    /// Returns the session key that seals a token now: of those whose time has come, the one that began last.
    pub fn session_key(&self, now: Timestamp) -> Option<&SessionKey> {
        self.session_keys
            .iter()
            .filter(|key| key.signs_from <= now)
            .max_by_key(|key| key.signs_from)
    }

    /// Returns the session key of an id.
    pub fn session_key_of(&self, id: &[u8; SESSION_KEY_ID_BYTES]) -> Option<&SessionKey> {
        self.session_keys.iter().find(|key| key.id() == id)
    }

    /// Returns the time from which the newest key signs.
    pub fn newest_signs_from(&self) -> Option<Timestamp> {
        self.keys
            .iter()
            .map(|RingKey { dates, .. }| dates.signs_from)
            .max()
    }

    /// Reports whether a rotation is overdue: the newest key has been signing for too long.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        let newest = self
            .keys
            .iter()
            .max_by_key(|RingKey { dates, .. }| dates.signs_from);
        newest.is_some_and(|RingKey { dates, .. }| dates.is_rotation_overdue(now))
    }

    /// Returns the ids of its keys, those of session keys last.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        let session_kids = self.session_keys.iter().map(SessionKey::kid);
        self.keys
            .iter()
            .map(|RingKey { key, .. }| key.kid())
            .chain(session_kids)
    }

    /// Reports whether it has a key of this id.
    pub fn contains(&self, kid: &str) -> bool {
        self.kids().any(|known| known == kid)
    }
}
