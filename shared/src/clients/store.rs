//! The store of clients: an item for each.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use ulid::Ulid;

use super::client::{Client, GrantType};
use crate::digest::SecretDigest;
use crate::error::Error;
use crate::label::Label;
use crate::table::change::{Change, Written};
use crate::table::item::{Item, Key, binary, optional_bytes, scope_set, scopes, text, time, unreadable};
use crate::table::{Table, unavailable};

const PREFIX: &str = "client#";
/// The attributes of which [`decode`] makes a client.
pub(crate) const ATTRIBUTES: &[&str] = &["client_id", "name", "secret", "grants", "scopes", "created_at"];

/// The store of clients.
#[derive(Clone, Debug)]
pub struct Clients {
    table: Table,
}

/// Returns the key of a client, or `None` for an id that no client can have, which costs no request: one that is no ULID as it is written.
pub(crate) fn key(id: &str) -> Option<Key> {
    let is_id = Ulid::from_string(id).is_ok_and(|ulid| ulid.to_string() == id);
    is_id.then(|| Key::new(format!("{PREFIX}{id}"), "client"))
}

impl Clients {
    /// Creates the store on a table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// Returns the client of an id; one read.
    pub async fn find(&self, id: &str) -> Result<Option<Client>, Error> {
        let Some(key) = key(id) else { return Ok(None) };
        let found = self.table.get(key, ATTRIBUTES).await?;
        found.map(|found| decode(&found)).transpose()
    }

    /// Registers a new client. Where it stands already, an earlier attempt wrote it and its response was lost.
    pub async fn create(&self, client: &Client) -> Result<(), Error> {
        let key = key(&client.id).ok_or_else(|| Error::internal("the client", "its id is no ULID"))?;
        let mut change = Change::default();
        change.when("attribute_not_exists(pk)");
        let grants = client
            .grants
            .iter()
            .map(|grant| grant.name().to_owned())
            .collect();
        let mut attributes = vec![
            ("client_id", AttributeValue::S(client.id.clone())),
            ("name", AttributeValue::S(client.name.as_str().to_owned())),
            ("grants", AttributeValue::Ss(grants)),
            ("created_at", AttributeValue::S(client.created_at.to_string())),
        ];
        if let Some(secret) = &client.secret {
            attributes.push(("secret", binary(secret.as_bytes())));
        }
        if !client.scopes.is_empty() {
            attributes.push(("scopes", scope_set(&client.scopes)));
        }
        for (name, value) in attributes {
            let (name, value) = (change.name(name), change.value(value));
            change.set(format!("{name} = {value}"));
        }
        match self.table.update(key, change).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(Some(found)) if decode(&found)? == *client => Ok(()),
            Written::Refused(_) => Err(Error::internal("the client", "its random id exists")),
        }
    }

    /// Deletes a client: its tokens expire, and no refresh renews them. Returns `false` where there is no such client, which
    /// is read first: a deletion whose response was lost is repeated, and finds none.
    pub async fn delete(&self, id: &str) -> Result<bool, Error> {
        let Some(key) = key(id) else { return Ok(false) };
        if self.table.get(key.clone(), &["pk"]).await?.is_none() {
            return Ok(false);
        }
        self.table
            .client()
            .delete_item()
            .table_name(self.table.name())
            .set_key(Some(key.into_item()))
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        Ok(true)
    }

    /// Returns all clients, for an operator: it reads the whole table, which no function does.
    pub async fn list(&self) -> Result<Vec<Client>, Error> {
        let mut pages = self
            .table
            .client()
            .scan()
            .table_name(self.table.name())
            .consistent_read(true)
            .filter_expression("begins_with(pk, :prefix)")
            .expression_attribute_values(":prefix", AttributeValue::S(PREFIX.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut clients = Vec::new();
        while let Some(found) = pages.next().await {
            clients.push(decode(&found.map_err(|error| unavailable(&error))?)?);
        }
        clients.sort_by(|left: &Client, right| left.id.cmp(&right.id));
        Ok(clients)
    }
}

/// Decodes a client.
pub(crate) fn decode(item: &Item) -> Result<Client, Error> {
    let secret = optional_bytes(item, "secret")?.map(SecretDigest::stored);
    let Some(AttributeValue::Ss(grants)) = item.get("grants") else {
        return Err(unreadable("grants"));
    };
    let grants: Option<BTreeSet<GrantType>> = grants.iter().map(|grant| GrantType::parse(grant)).collect();
    Ok(Client {
        id: text(item, "client_id")?,
        name: Label::known(text(item, "name")?),
        secret,
        grants: grants.ok_or_else(|| unreadable("grants"))?,
        scopes: scopes(item, "scopes")?,
        created_at: time(item, "created_at")?,
    })
}
