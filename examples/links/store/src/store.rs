//! The table of this example.
//!
//! | item | `pk` | `sk` | `by_tag` | has |
//! |---|---|---|---|---|
//! | a link | `user#<owner>` | `link#<link_id>` | | `link_id`, `link`, `pairs` |
//! | a tag | `user#<owner>` | `tag#<tag_id>` | `tag#<tag_id>` | `tag_id`, `tag`, `pairs` |
//! | a pair | `user#<owner>` | `link#<link_id>#<tag_id>` | `tag#<tag_id>#<link_id>` | both ids, both texts |
//!
//! One query has a link with its pairs, and one of the index `by-tag` a tag with its pairs. `pairs` is how many an item is in. A pair is
//! written and deleted together with both counts, and only an item without pairs is deleted. So no pair outlives its link or its tag,
//! whatever happens at once.

mod writes;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::http::StatusCode;
use shared::env::{Env, EnvError, Text, Variable};
use shared::error::Error;
use shared::table::{Table, unavailable};

use crate::entity::{Entity, Kind, Row, is_id};

pub use writes::Paired;

/// Declares the table of links.
pub const LINKS_TABLE_NAME: Variable<Text> = Variable {
    name: "LINKS_TABLE_NAME",
    form: Text("a table's name"),
    default: None,
    meaning: "the DynamoDB table of links and tags",
};

/// The sort key of the index.
const BY_TAG: &str = "by_tag";

type Item = HashMap<String, AttributeValue>;

/// The links and tags of all owners.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// Creates the store, on the client that Latchkey's table has; sends nothing.
    ///
    /// # Errors
    ///
    /// [`EnvError`] without the table's name.
    pub fn new(latchkey: &Table, env: &Env<'_>) -> Result<Self, EnvError> {
        Ok(Self {
            client: latchkey.client().clone(),
            table: env.get(&LINKS_TABLE_NAME)?,
        })
    }

    /// Returns a link or a tag; one read.
    pub async fn find(&self, owner: &str, kind: Kind, id: &str) -> Result<Option<Entity>, Error> {
        if !is_id(id) {
            return Ok(None);
        }
        let request = self.client.get_item().table_name(&self.table);
        let request = request
            .set_key(Some(key(owner, sk(kind, id))))
            .consistent_read(true);
        let item = request.send().await.map_err(|error| unavailable(&error))?.item;
        item.map(|item| entity(kind, &item)).transpose()
    }

    /// Returns a link or a tag that must exist; one read.
    ///
    /// # Errors
    ///
    /// [`Kind::not_found`] with this status.
    pub async fn existing(
        &self,
        owner: &str,
        kind: Kind,
        id: &str,
        missing: StatusCode,
    ) -> Result<Entity, Error> {
        let found = self.find(owner, kind, id).await?;
        found.ok_or_else(|| kind.not_found(id, missing))
    }

    /// Returns a link or a tag with its pairs; one query.
    pub async fn find_with_pairs(
        &self,
        owner: &str,
        kind: Kind,
        id: &str,
    ) -> Result<Option<(Entity, Vec<Row>)>, Error> {
        if !is_id(id) {
            return Ok(None);
        }
        let range = match kind {
            Kind::Link => "sk",
            Kind::Tag => BY_TAG,
        };
        let items = self.query(owner, range, &sk(kind, id)).await?;
        // Its own key is the beginning of its pairs' keys, so it comes first.
        let Some((own, pairs)) = items.split_first() else {
            return Ok(None);
        };
        Ok(Some((entity(kind, own)?, rows(pairs)?)))
    }

    /// Returns an owner's pairs and links without tags.
    pub async fn rows(&self, owner: &str) -> Result<Vec<Row>, Error> {
        let mut items = self.query(owner, "sk", "link#").await?;
        let none = AttributeValue::N("0".to_owned());
        items.retain(|item| item.get("pairs").is_none_or(|pairs| *pairs == none));
        rows(&items)
    }

    /// Returns an owner's tags.
    pub async fn tags(&self, owner: &str) -> Result<Vec<Entity>, Error> {
        let items = self.query(owner, "sk", "tag#").await?;
        let tags: Result<Vec<_>, _> = items.iter().map(|item| entity(Kind::Tag, item)).collect();
        let mut tags = tags?;
        tags.sort_by(|one, other| one.text.cmp(&other.text));
        Ok(tags)
    }

    /// Queries the items whose sort key, of the table or of the index, begins like this.
    async fn query(&self, owner: &str, range: &str, prefix: &str) -> Result<Vec<Item>, Error> {
        let index = (range == BY_TAG).then(|| "by-tag".to_owned());
        let request = self.client.query().table_name(&self.table).set_index_name(index);
        let pages = request
            .key_condition_expression(format!("pk = :pk AND begins_with({range}, :prefix)"))
            .expression_attribute_values(":pk", text(format!("user#{owner}")))
            .expression_attribute_values(":prefix", text(prefix))
            .consistent_read(true)
            .into_paginator();
        let items: Result<Vec<Item>, _> = pages.items().send().collect().await;
        items.map_err(|error| unavailable(&error))
    }
}

fn key(owner: &str, sk: String) -> Item {
    HashMap::from([
        ("pk".to_owned(), text(format!("user#{owner}"))),
        ("sk".to_owned(), text(sk)),
    ])
}

fn sk(kind: Kind, id: &str) -> String {
    format!("{}#{id}", kind.name())
}

/// Returns the sort key of a pair.
fn pair(row: &Row) -> String {
    let tag_id = row.tag_id.as_deref().unwrap_or_default();
    format!("link#{}#{tag_id}", row.link_id)
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn entity(kind: Kind, item: &Item) -> Result<Entity, Error> {
    let id = attribute(item, kind.id_name())?;
    Ok(Entity::known(kind, id, attribute(item, kind.name())?))
}

/// Reads rows, and sorts them by their texts.
fn rows(items: &[Item]) -> Result<Vec<Row>, Error> {
    let row = |item: &Item| {
        let link = entity(Kind::Link, item)?;
        if item.contains_key("tag_id") {
            Ok(Row::new(&link, &entity(Kind::Tag, item)?))
        } else {
            Ok(Row::untagged(link))
        }
    };
    let mut rows = items.iter().map(row).collect::<Result<Vec<_>, Error>>()?;
    rows.sort_by(|one, other| (&one.link, &one.tag).cmp(&(&other.link, &other.tag)));
    Ok(rows)
}

fn attribute(item: &Item, name: &'static str) -> Result<String, Error> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Ok(text.clone()),
        _ => Err(Error::internal(
            "an item of the links",
            format!("its {name} cannot be read"),
        )),
    }
}
