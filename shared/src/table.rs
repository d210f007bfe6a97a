//! The one table: its client, its keys and how attributes are read and written.
//!
//! `docs/data.md` shows every item. Nothing scans or uses an index, and every read is strongly consistent. Each subject has a small
//! store on [`Table`] that owns its items.

mod client;
pub(crate) mod item;

use aws_sdk_dynamodb::Client;

use crate::aws;
use crate::env::{Env, TABLE_NAME};
use crate::error::Error;
use crate::function::StartError;

use item::{Item, Key};

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

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Reads these attributes of the item of a key, and no others: what a function does not use does not reach its memory.
    pub(crate) async fn get(&self, key: Key, attributes: &[&str]) -> Result<Option<Item>, Error> {
        // By placeholders, since DynamoDB reserves some five hundred words.
        let placeholders: Vec<String> = (0..attributes.len()).map(|index| format!("#{index}")).collect();
        let projection = placeholders.join(", ");
        let names = placeholders
            .into_iter()
            .zip(attributes.iter().map(|name| (*name).to_owned()))
            .collect();
        self.client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.into_item()))
            .projection_expression(projection)
            .set_expression_attribute_names(Some(names))
            .consistent_read(true)
            .send()
            .await
            .map(|output| output.item)
            .map_err(|error| unavailable(&error))
    }
}

/// Maps an error of the SDK.
pub(crate) fn unavailable(error: &(dyn std::error::Error + 'static)) -> Error {
    Error::unavailable("the store", aws::message(error))
}
