//! What was measured.

use serde::Deserialize;

/// `measured.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measured {
    pub(crate) date: String,
    pub(crate) machine: String,
    pub(crate) item_bytes: ItemBytes,
    pub(crate) log_bytes: LogBytes,
    pub(crate) operation: Operations,
}

/// An item of the table.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Item {
    User,
    UsernameMarker,
    EmailMarker,
    Published,
}

/// Bytes of each item, without what DynamoDB adds to it in storage.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemBytes {
    pub(crate) command: String,
    pub(crate) user: u32,
    pub(crate) username_marker: u32,
    pub(crate) email_marker: u32,
    pub(crate) published: u32,
}

impl ItemBytes {
    pub(crate) fn of(&self, item: Item) -> u32 {
        match item {
            Item::User => self.user,
            Item::UsernameMarker => self.username_marker,
            Item::EmailMarker => self.email_marker,
            Item::Published => self.published,
        }
    }
}

/// Bytes that go to the log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogBytes {
    pub(crate) command: String,
    pub(crate) invocation: f64,
    pub(crate) cold_start: f64,
}

/// What a client can ask for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operations {
    pub(crate) register: Operation,
    pub(crate) log_in: Operation,
    pub(crate) me: Operation,
    pub(crate) jwks: Operation,
}

impl Operations {
    pub(crate) fn all(&self) -> [&Operation; 4] {
        [&self.register, &self.log_in, &self.me, &self.jwks]
    }
}

/// One request, one invocation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    pub(crate) title: String,
    pub(crate) route: String,
    pub(crate) function: String,
    /// Milliseconds of one full core.
    pub(crate) cpu_ms: f64,
    pub(crate) cpu_command: String,
    /// Items that are read one after the other, strongly consistent.
    #[serde(default)]
    pub(crate) reads: Vec<Item>,
    /// Items that are written by one transaction; none for no transaction.
    #[serde(default)]
    pub(crate) transaction: Vec<Item>,
    /// Items that a cold start reads.
    #[serde(default)]
    pub(crate) cold_reads: Vec<Item>,
    /// Calls of Secrets Manager that a cold start makes.
    #[serde(default)]
    pub(crate) cold_secret_calls: u32,
    /// Bytes of the answer, head and body.
    pub(crate) answer_bytes: f64,
    pub(crate) bytes_command: String,
}
