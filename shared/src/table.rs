//! The one table: its client, its keys and how attributes are read and written.
//!
//! `docs/data.md` shows every item. No function scans or uses an index (an operator's lists scan), and every read is
//! strongly consistent. Each subject has a small
//! store on [`Table`] that owns its items.

pub(crate) mod change;
mod client;
pub(crate) mod item;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use crate::aws::{self, Caller};
use crate::env::{Env, TABLE_NAME};
use crate::error::Error;
use crate::function::StartError;

use change::incomplete;
use item::{Item, Key};

/// How often, at most, a write is decided anew because another one came first. In each round at least one of the writers succeeds, so
/// this many may write one item at once: more than a stage's burst on one route.
pub const ROUNDS: usize = 64;

/// The table on the AWS SDK's client, used the same way on AWS and on the embedded engine.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// Creates the client; sends nothing.
    ///
    /// # Errors
    ///
    /// [`StartError`] for a wrong variable, or where the TLS configuration cannot be built.
    pub async fn connect(env: &Env<'_>) -> Result<Self, StartError> {
        Ok(Self {
            name: env.get(&TABLE_NAME)?,
            client: client::connect(env).await?,
        })
    }

    /// Creates the client of another caller than a function; sends nothing.
    ///
    /// # Errors
    ///
    /// As [`Table::connect`].
    pub fn connect_as(env: &Env<'_>, caller: Caller) -> Result<Self, StartError> {
        Ok(Self {
            name: env.get(&TABLE_NAME)?,
            client: client::connect_as(env, caller)?,
        })
    }

    /// Returns the table for work that no request waits for: where the store throttles, each request is sent again and all of them slow down.
    #[must_use]
    pub fn patient(self) -> Self {
        let client = client::patient(&self.client);
        Self { client, ..self }
    }

    /// Returns the client, for a function that has a table of its own, too.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads these attributes of the item of a key, and no others: what a function does not use does not reach its memory. A member
    /// of a map is written `map.member`.
    pub(crate) async fn get(&self, key: Key, attributes: &[&str]) -> Result<Option<Item>, Error> {
        let (paths, names) = projection(attributes.iter().copied());
        self.client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.into_item()))
            .projection_expression(paths)
            .set_expression_attribute_names(Some(names))
            .consistent_read(true)
            .send()
            .await
            .map(|output| output.item)
            .map_err(|error| unavailable(&error))
    }

    /// Reads these attributes of a few items in one request; an item may lack some of them.
    pub(crate) async fn get_all<const N: usize>(
        &self,
        keys: [Key; N],
        attributes: &[&str],
    ) -> Result<[Option<Item>; N], Error> {
        // The keys as well: items come in any order.
        let (paths, names) = projection(attributes.iter().copied().chain(["pk", "sk"]));
        let keys = keys.map(Key::into_item);
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys.to_vec()))
            .projection_expression(paths)
            .set_expression_attribute_names(Some(names))
            .consistent_read(true)
            .build()
            .map_err(incomplete)?;
        let request = self.client.batch_get_item().request_items(&self.name, wanted);
        let output = request.send().await.map_err(|error| unavailable(&error))?;
        // The SDK does not ask again for what the table throttled.
        if output.unprocessed_keys().is_some_and(|keys| !keys.is_empty()) {
            return Err(Error::unavailable("the store", "it left out a part of a read"));
        }
        let mut found = output
            .responses
            .and_then(|mut tables| tables.remove(&self.name))
            .unwrap_or_default();
        Ok(keys.map(|key| {
            let is_it = |item: &Item| key.iter().all(|(name, value)| item.get(name) == Some(value));
            let index = found.iter().position(is_it)?;
            Some(found.swap_remove(index))
        }))
    }
}

/// Returns the expression of these attributes with its names: by placeholders, since DynamoDB reserves some five hundred words.
pub(crate) fn projection<'a>(attributes: impl Iterator<Item = &'a str>) -> (String, HashMap<String, String>) {
    let mut names = HashMap::new();
    let paths: Vec<String> = attributes
        .map(|path| {
            let members = path.split('.').map(|name| {
                let placeholder = format!("#{}", names.len());
                names.insert(placeholder.clone(), name.to_owned());
                placeholder
            });
            members.collect::<Vec<_>>().join(".")
        })
        .collect();
    (paths.join(", "), names)
}

/// Creates the error of a write that others came before in each of its [`ROUNDS`].
pub fn contended() -> Error {
    Error::unavailable("the store", "too many writes of one item at once")
}

/// Maps an error of the SDK.
pub fn unavailable(error: &(dyn std::error::Error + 'static)) -> Error {
    Error::unavailable("the store", aws::message(error))
}
