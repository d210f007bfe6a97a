//! What is written: all of it, or nothing.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use shared::error::Error;
use shared::table::{ROUNDS, contended, unavailable};

use super::{BY_TAG, Item, Store, key, number, pair, sk, text};
use crate::entity::{Entity, Kind, Row};

/// How many pairs one transaction deletes: it has at most 100 parts, and a pair is up to three.
const PAIRS_AT_ONCE: usize = 33;

/// What became of a pair.
#[derive(Debug, PartialEq, Eq)]
pub enum Paired {
    /// It is written.
    Done,
    /// It existed.
    Exists,
    /// The link or the tag was deleted a moment ago.
    Missing(Kind),
}

impl Store {
    /// Writes a tag; returns `false` where it existed.
    pub async fn put_tag(&self, owner: &str, tag: &Entity) -> Result<bool, Error> {
        let own = sk(tag.kind, &tag.id);
        let mut item = key(owner, own.clone());
        item.insert(BY_TAG.to_owned(), text(own));
        item.insert("pairs".to_owned(), number(0));
        describe(&mut item, tag);
        let refused = self.transact(vec![self.put_new(item)?]).await?;
        Ok(refused.is_empty())
    }

    /// Writes a pair, and what is new of its link and its tag; one transaction.
    pub async fn put_pair(&self, owner: &str, link: &Entity, tag: &Entity) -> Result<Paired, Error> {
        let row = Row::new(link, tag);
        let mut item = key(owner, pair(&row));
        item.insert(BY_TAG.to_owned(), text(format!("tag#{}#{}", tag.id, link.id)));
        describe(&mut item, link);
        describe(&mut item, tag);
        let parts = vec![
            self.put_new(item)?,
            self.count(owner, link, 1)?,
            self.count(owner, tag, 1)?,
        ];
        Ok(match self.transact(parts).await?.as_slice() {
            [] => Paired::Done,
            [_, true, _] => Paired::Missing(Kind::Link),
            [_, _, true] => Paired::Missing(Kind::Tag),
            _ => Paired::Exists,
        })
    }

    /// Deletes pairs; returns `false` where one of them was gone, and then some of the others may be left.
    pub async fn delete_pairs(&self, owner: &str, pairs: &[Row]) -> Result<bool, Error> {
        for pairs in pairs.chunks(PAIRS_AT_ONCE) {
            let mut parts = Vec::new();
            let mut counts: HashMap<Entity, i64> = HashMap::new();
            for row in pairs {
                parts.push(self.delete_item(owner, pair(row), "attribute_exists(pk)", None)?);
                for side in row.sides() {
                    *counts.entry(side).or_default() -= 1;
                }
            }
            for (side, by) in counts {
                parts.push(self.count(owner, &side, by)?);
            }
            if !self.transact(parts).await?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Deletes a link or a tag, its pairs first; returns `false` where there is none. A request that fails half-way leaves fewer pairs,
    /// and goes on when it is repeated.
    pub async fn delete(&self, owner: &str, kind: Kind, id: &str) -> Result<bool, Error> {
        let mut existed = false;
        for _ in 0..ROUNDS {
            let Some((_, pairs)) = self.find_with_pairs(owner, kind, id).await? else {
                return Ok(existed);
            };
            existed = true;
            if !self.delete_pairs(owner, &pairs).await? {
                continue;
            }
            let delete =
                self.delete_item(owner, sk(kind, id), "pairs = :none", Some((":none", number(0))))?;
            // Refused where it has a new pair by now.
            if self.transact(vec![delete]).await?.is_empty() {
                return Ok(true);
            }
        }
        Err(contended())
    }

    /// Creates the part of a transaction that puts an item which does not exist.
    fn put_new(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Creates the part of a transaction that changes how many pairs a link or a tag is in, and writes it where it is new.
    fn count(&self, owner: &str, side: &Entity, by: i64) -> Result<TransactWriteItem, Error> {
        let own = sk(side.kind, &side.id);
        let by_tag = if side.kind == Kind::Tag {
            ", by_tag = :own"
        } else {
            ""
        };
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(owner, own.clone())))
            .update_expression(format!("SET #id = :id, #text = :text{by_tag} ADD pairs :by"))
            .set_condition_expression(side.exists.then(|| "attribute_exists(pk)".to_owned()))
            .expression_attribute_names("#id", side.kind.id_name())
            .expression_attribute_names("#text", side.kind.name())
            .expression_attribute_values(":id", text(&side.id))
            .expression_attribute_values(":text", text(&side.text))
            .expression_attribute_values(":by", number(by));
        let update = match side.kind {
            Kind::Link => update,
            Kind::Tag => update.expression_attribute_values(":own", text(own)),
        };
        let update = update.build().map_err(incomplete)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Creates the part of a transaction that deletes an item.
    fn delete_item(
        &self,
        owner: &str,
        sk: String,
        condition: &str,
        value: Option<(&str, AttributeValue)>,
    ) -> Result<TransactWriteItem, Error> {
        let values = value.map(|(name, value)| HashMap::from([(name.to_owned(), value)]));
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key(owner, sk)))
            .condition_expression(condition)
            .set_expression_attribute_values(values)
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Sends a transaction. Returns which of its parts were refused, and nothing where all are written. A lost response changes neither,
    /// since the SDK sends the same idempotency token again.
    async fn transact(&self, parts: Vec<TransactWriteItem>) -> Result<Vec<bool>, Error> {
        let request = self.client.transact_write_items();
        let Err(error) = request.set_transact_items(Some(parts)).send().await else {
            return Ok(Vec::new());
        };
        let refused: Vec<bool> = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled
                .cancellation_reasons()
                .iter()
                .map(|reason| reason.code() == Some("ConditionalCheckFailed"))
                .collect(),
            _ => Vec::new(),
        };
        if refused.contains(&true) {
            Ok(refused)
        } else {
            Err(unavailable(&error))
        }
    }
}

/// Sets the id and the text of a link or a tag.
fn describe(item: &mut Item, side: &Entity) {
    item.insert(side.kind.id_name().to_owned(), text(&side.id));
    item.insert(side.kind.name().to_owned(), text(&side.text));
}

fn incomplete(error: BuildError) -> Error {
    Error::internal("the links", error.to_string())
}
