//! The outbox: one item for each mail that is to be sent.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::random;
use crate::table::item::{
    Item, Key, binary, flag, number, optional_bytes, optional_text, put, text, time, unreadable,
};
use crate::table::{Table, unavailable};

/// How long a mail waits in the outbox at most, in seconds: an operator has a week to remove what keeps it there.
const OUTBOX_SECONDS: u32 = 7 * 24 * 60 * 60;

const NONCE_BYTES: usize = 16;

/// A mail that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The id, a ULID, which stays the same however often it is sent.
    pub id: String,
    /// The address, as typed.
    pub to: String,
    /// What it is sent for.
    pub occasion: Occasion,
    /// What its tokens are derived with.
    pub nonce: [u8; NONCE_BYTES],
    /// When it was made, from which its tokens live.
    pub made_at: Timestamp,
}

/// What a mail is sent for; `user` is a user's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A user has claimed the address.
    Claimed {
        /// The user.
        user: String,
    },
    /// A client asked for a mail by which the address is proved.
    ProofAsked,
    /// A client asked for a mail by which a forgotten password is replaced.
    ResetAsked,
    /// A user has another password.
    PasswordChanged {
        /// The user.
        user: String,
    },
    /// A user has another address than this one.
    AddressChanged {
        /// The user.
        user: String,
        /// Whether this one was proved, so that the change can be undone whatever happened since.
        proved: bool,
        /// How often the account had been recovered.
        recoveries: u64,
    },
    /// A user has a new API key.
    ApiKeyCreated {
        /// The user.
        user: String,
        /// What its owner calls it.
        name: String,
    },
    /// A user has logged in from a network that is new.
    NewNetwork {
        /// The user.
        user: String,
        /// The address of the log-in.
        ip: Option<String>,
        /// The beginning of its `User-Agent`.
        user_agent: Option<String>,
    },
}

impl Occasion {
    /// Returns the name that the table has.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Claimed { .. } => "claimed",
            Self::ProofAsked => "proof-asked",
            Self::ResetAsked => "reset-asked",
            Self::PasswordChanged { .. } => "password-changed",
            Self::AddressChanged { .. } => "address-changed",
            Self::ApiKeyCreated { .. } => "api-key-created",
            Self::NewNetwork { .. } => "new-network",
        }
    }

    /// Returns the user that it is about; `None` where the address alone is known.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::ProofAsked | Self::ResetAsked => None,
            Self::Claimed { user }
            | Self::PasswordChanged { user }
            | Self::AddressChanged { user, .. }
            | Self::ApiKeyCreated { user, .. }
            | Self::NewNetwork { user, .. } => Some(user),
        }
    }
}

impl Mail {
    /// Makes a mail to an address, as typed.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where the system gives no random bytes.
    pub fn new(to: impl Into<String>, occasion: Occasion, now: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            id: random::ulid(now)?,
            to: to.into(),
            occasion,
            nonce: random::bytes()?,
            made_at: now,
        })
    }

    /// Encodes the item, whose key no other mail has.
    pub(crate) fn encode(&self) -> Item {
        let mut item = key(&self.id).into_item();
        put(&mut item, "id", &self.id);
        put(&mut item, "kind", self.occasion.kind());
        put(&mut item, "to", &self.to);
        put(&mut item, "made_at", self.made_at.to_string());
        item.insert("nonce".to_owned(), binary(&self.nonce));
        let expires = self.made_at.plus(OUTBOX_SECONDS).unix();
        item.insert("expires_at".to_owned(), AttributeValue::N(expires.to_string()));
        if let Some(user) = self.occasion.user() {
            put(&mut item, "user_id", user);
        }
        match &self.occasion {
            Occasion::AddressChanged {
                proved, recoveries, ..
            } => {
                item.insert("proved".to_owned(), AttributeValue::Bool(*proved));
                item.insert("recoveries".to_owned(), AttributeValue::N(recoveries.to_string()));
            }
            Occasion::ApiKeyCreated { name, .. } => put(&mut item, "name", name),
            Occasion::NewNetwork { ip, user_agent, .. } => {
                for (name, value) in [("ip", ip), ("user_agent", user_agent)] {
                    if let Some(value) = value {
                        put(&mut item, name, value);
                    }
                }
            }
            _ => {}
        }
        item
    }

    fn decode(item: &Item) -> Result<Self, Error> {
        let user = || text(item, "user_id");
        let occasion = match text(item, "kind")?.as_str() {
            "claimed" => Occasion::Claimed { user: user()? },
            "proof-asked" => Occasion::ProofAsked,
            "reset-asked" => Occasion::ResetAsked,
            "password-changed" => Occasion::PasswordChanged { user: user()? },
            "address-changed" => Occasion::AddressChanged {
                user: user()?,
                proved: flag(item, "proved")?,
                recoveries: number(item, "recoveries")?,
            },
            "api-key-created" => Occasion::ApiKeyCreated {
                user: user()?,
                name: text(item, "name")?,
            },
            "new-network" => Occasion::NewNetwork {
                user: user()?,
                ip: optional_text(item, "ip")?,
                user_agent: optional_text(item, "user_agent")?,
            },
            _ => return Err(unreadable("kind")),
        };
        Ok(Self {
            id: text(item, "id")?,
            to: text(item, "to")?,
            occasion,
            nonce: optional_bytes(item, "nonce")?.ok_or_else(|| unreadable("nonce"))?,
            made_at: time(item, "made_at")?,
        })
    }
}

/// The sort key of mails, by which the mailer's event source filters the stream.
const SORT_KEY: &str = "mail";

fn key(id: &str) -> Key {
    Key::new(format!("mail#{id}"), SORT_KEY)
}

/// The attributes of which [`Mail::decode`] makes a mail.
const ATTRIBUTES: &[&str] = &[
    "id",
    "kind",
    "to",
    "user_id",
    "nonce",
    "made_at",
    "proved",
    "recoveries",
    "name",
    "ip",
    "user_agent",
];

/// The outbox, as the mailer reads it.
#[derive(Clone, Debug)]
pub struct Outbox {
    table: Table,
}

impl Outbox {
    /// Creates the store on a table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// Returns the id of the mail whose item has this partition key; `None` for another item's.
    pub fn id_of<'a>(partition_key: &'a str, sort_key: &str) -> Option<&'a str> {
        partition_key
            .strip_prefix("mail#")
            .filter(|_| sort_key == SORT_KEY)
    }

    /// Returns a mail; `None` where it was sent. One read.
    pub async fn find(&self, id: &str) -> Result<Option<Mail>, Error> {
        let found = self.table.get(key(id), ATTRIBUTES).await?;
        found.map(|item| Mail::decode(&item)).transpose()
    }

    /// Puts a mail that announces nothing else.
    pub async fn put(&self, mail: &Mail) -> Result<(), Error> {
        let request = self.table.client().put_item();
        let request = request.table_name(self.table.name());
        let sent = request.set_item(Some(mail.encode())).send().await;
        sent.map(|_| ()).map_err(|error| unavailable(&error))
    }

    /// Removes a mail that was sent, or that has no recipient.
    pub async fn remove(&self, id: &str) -> Result<(), Error> {
        let request = self.table.client().delete_item();
        let request = request.table_name(self.table.name());
        let sent = request.set_key(Some(key(id).into_item())).send().await;
        sent.map(|_| ()).map_err(|error| unavailable(&error))
    }
}
