//! API keys as they stand in the table: one item has all keys of a user.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::text::{IssuedKey, PresentedKey};
use crate::clock::Timestamp;
use crate::digest::SecretDigest;
use crate::error::Error;
use crate::label::Label;
use crate::scope::Scopes;
use crate::table::item::{
    Item, Key, binary, optional_bytes, optional_number, put, put_scopes, scopes, text, time, unreadable,
};

/// How many API keys a user has at most. One that has expired makes room.
pub const MAX_API_KEYS: usize = 50;

/// How often at most a use is written, in seconds.
pub(crate) const USE_SECONDS: u32 = 3600;

/// The attribute that is the map of keys.
pub(crate) const KEYS: &str = "keys";
/// The member that is written at a use.
pub(crate) const LAST_USED_AT: &str = "last_used_at";

/// The API keys of a user, by their ids.
pub type ApiKeys = BTreeMap<String, ApiKey>;

/// An API key; its secret is not in this type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// What its owner calls it.
    pub name: Label,
    hash: SecretDigest,
    /// The scopes that it was created with.
    pub scopes: Scopes,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Creates the part of a new key that is stored.
    pub fn new(
        name: Label,
        scopes: Scopes,
        key: &IssuedKey,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Self {
        Self {
            name,
            hash: key.hash,
            scopes,
            created_at,
            expires_at,
            last_used_at: None,
        }
    }

    /// Reports whether it has not expired.
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// Reports whether it is this key and has not expired.
    pub(crate) fn admits(&self, presented: &PresentedKey, now: Timestamp) -> bool {
        self.hash == presented.hash && self.is_live(now)
    }

    /// Reports whether a use now is to be written: the first one, or one of another hour.
    pub(crate) fn notes_use(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|last| last.plus(USE_SECONDS) <= now)
    }

    pub(crate) fn encode(&self) -> AttributeValue {
        let mut item = Item::new();
        put(&mut item, "name", self.name.as_str());
        item.insert("hash".to_owned(), binary(self.hash.as_bytes()));
        put_scopes(&mut item, "scopes", &self.scopes);
        put(&mut item, "created_at", self.created_at.to_string());
        for (name, time) in [("expires_at", self.expires_at), (LAST_USED_AT, self.last_used_at)] {
            if let Some(time) = time {
                item.insert(name.to_owned(), AttributeValue::N(time.unix().to_string()));
            }
        }
        AttributeValue::M(item)
    }

    fn decode(value: &AttributeValue) -> Result<Self, Error> {
        let item = value.as_m().map_err(|_| unreadable(KEYS))?;
        let optional_time = |name| Ok::<_, Error>(optional_number(item, name)?.map(Timestamp::from_unix));
        Ok(Self {
            name: Label::known(text(item, "name")?),
            hash: optional_bytes(item, "hash")?
                .map(SecretDigest::stored)
                .ok_or_else(|| unreadable("hash"))?,
            scopes: scopes(item, "scopes")?,
            created_at: time(item, "created_at")?,
            expires_at: optional_time("expires_at")?,
            last_used_at: optional_time(LAST_USED_AT)?,
        })
    }
}

/// Returns the key of the item that has all API keys of a user.
pub(crate) fn item_key(user: &str) -> Key {
    Key::new(format!("api-keys#{user}"), "api-keys")
}

/// Decodes the API keys of an item.
pub(crate) fn decode(item: &Item) -> Result<ApiKeys, Error> {
    let Some(value) = item.get(KEYS) else {
        return Ok(ApiKeys::new());
    };
    let keys = value.as_m().map_err(|_| unreadable(KEYS))?;
    keys.iter()
        .map(|(id, key)| Ok((id.clone(), ApiKey::decode(key)?)))
        .collect()
}
