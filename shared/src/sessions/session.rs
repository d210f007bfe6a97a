//! A session as it stands in its user's item.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::keys::SESSION_KEY_ID_BYTES;
use crate::scope::Scopes;
use crate::table::item::{
    Item, binary, number, optional_bytes, optional_text, put, put_scopes, scopes, time, unreadable,
};

/// The length of a salt, in bytes.
pub const SALT_BYTES: usize = 32;

/// The SHA-256 of a refresh token. The token itself is never stored.
pub type Digest = [u8; 32];

/// The sessions of a user, by their ids.
pub type Sessions = BTreeMap<String, Session>;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    /// When its user logged in: the `auth_time` of its access tokens.
    pub created_at: Timestamp,
    /// When it expires unless it is used again.
    pub expires_at: Timestamp,
    /// Its refresh tokens.
    pub rotation: Rotation,
    /// The address that its user logged in from.
    pub ip: Option<String>,
    /// The beginning of the log-in's `User-Agent`.
    pub user_agent: Option<String>,
    /// The scopes that the log-in granted; no refresh widens them.
    pub scopes: Scopes,
}

/// The newest refresh token of a session, and what a replay of its predecessor needs to find it again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rotation {
    /// The digest of the newest token.
    pub token: Digest,
    /// The digest of the token that it replaced; the first has none.
    pub previous: Option<Digest>,
    /// What the newest token was derived with; the first was drawn.
    pub salt: Option<[u8; SALT_BYTES]>,
    /// The id of the session key that sealed the newest token.
    pub key: [u8; SESSION_KEY_ID_BYTES],
    /// How many tokens came before.
    pub generation: u32,
    /// When the newest token was issued, in milliseconds since 1970.
    pub rotated_at: i64,
}

/// What an item says of its sessions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionsState {
    /// Raised by each change of the password and by disabling.
    pub credential_generation: u64,
    /// A disabled user has no session.
    pub disabled: bool,
    /// `None` where the user has never had one: the item has no map yet.
    pub sessions: Option<Sessions>,
    /// The scopes that an operator granted to the user.
    pub scopes: Scopes,
}

impl Session {
    /// Returns when it was last used: when its newest refresh token was issued.
    pub fn last_used_at(&self) -> Timestamp {
        Timestamp::from_millis(self.rotation.rotated_at)
    }

    /// Reports whether it is live.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    pub(crate) fn encode(&self) -> AttributeValue {
        let mut item = self.rotation.encode();
        put(&mut item, "created_at", self.created_at.to_string());
        item.insert("expires_at".to_owned(), expiry(self.expires_at));
        for (name, value) in [("ip", &self.ip), ("user_agent", &self.user_agent)] {
            if let Some(value) = value {
                put(&mut item, name, value);
            }
        }
        put_scopes(&mut item, "scopes", &self.scopes);
        AttributeValue::M(item)
    }

    fn decode(value: &AttributeValue) -> Result<Self, Error> {
        let item = value.as_m().map_err(|_| unreadable("sessions"))?;
        Ok(Self {
            created_at: time(item, "created_at")?,
            expires_at: Timestamp::from_unix(number(item, "expires_at")?),
            rotation: Rotation {
                token: optional_bytes(item, "token")?.ok_or_else(|| unreadable("token"))?,
                previous: optional_bytes(item, "previous")?,
                salt: optional_bytes(item, "salt")?,
                key: optional_bytes(item, "key")?.ok_or_else(|| unreadable("key"))?,
                generation: number(item, "generation")?,
                rotated_at: number(item, "rotated_at")?,
            },
            ip: optional_text(item, "ip")?,
            user_agent: optional_text(item, "user_agent")?,
            scopes: scopes(item, "scopes")?,
        })
    }
}

impl Rotation {
    /// Encodes its members: those of its session that a refresh writes, beside `expires_at`.
    pub(crate) fn encode(&self) -> Item {
        let mut item = Item::new();
        item.insert("token".to_owned(), binary(&self.token));
        if let Some(previous) = &self.previous {
            item.insert("previous".to_owned(), binary(previous));
        }
        if let Some(salt) = &self.salt {
            item.insert("salt".to_owned(), binary(salt));
        }
        item.insert("key".to_owned(), binary(&self.key));
        for (name, value) in [
            ("generation", i64::from(self.generation)),
            ("rotated_at", self.rotated_at),
        ] {
            item.insert(name.to_owned(), AttributeValue::N(value.to_string()));
        }
        item
    }
}

/// Encodes the time at which a session expires, as a number, so that a condition can compare it.
pub(crate) fn expiry(expires_at: Timestamp) -> AttributeValue {
    AttributeValue::N(expires_at.unix().to_string())
}

/// Decodes the attribute `sessions`; `None` where the item has none.
pub(crate) fn decode(item: &Item) -> Result<Option<Sessions>, Error> {
    let Some(value) = item.get("sessions") else {
        return Ok(None);
    };
    let sessions = value.as_m().map_err(|_| unreadable("sessions"))?;
    let sessions = sessions
        .iter()
        .map(|(id, session)| Ok((id.clone(), Session::decode(session)?)));
    sessions.collect::<Result<_, Error>>().map(Some)
}
