//! Where the keys are published: an item of the table that the rotation writes before any key of it signs, and that is all that
//! `me` and the discovery read.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use super::cache::{Missing, Source};
use super::published::Published;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::table::item::{Item, Key, number, put, text};
use crate::table::{Table, unavailable};

/// A value with the revision at which it was read.
#[derive(Debug)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// `None` where nothing was there yet.
    revision: Option<u64>,
}

/// The store of published keys.
#[derive(Clone, Debug)]
pub struct PublishedStore {
    table: Table,
}

impl PublishedStore {
    /// Creates the store on a table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// Reads the published keys; none where nothing was published yet.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; [`Error::Internal`] for a document that cannot be read.
    pub async fn read(&self) -> Result<Versioned<Published>, Error> {
        let Some((document, revision)) = self.document().await? else {
            return Ok(Versioned {
                value: Published::default(),
                revision: None,
            });
        };
        let value = Published::parse(&document)
            .map_err(|error| Error::internal("the published keys", error.to_string()))?;
        Ok(Versioned {
            value,
            revision: Some(revision),
        })
    }

    /// Publishes `next` in the place of what was read; it must be done before any key of it signs.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], also where another rotation has published since the read: the caller begins again.
    pub async fn replace(
        &self,
        read: &Versioned<Published>,
        next: &Published,
        now: Timestamp,
    ) -> Result<(), Error> {
        if *next == read.value {
            return Ok(());
        }
        let document = next
            .document()
            .map_err(|error| Error::internal("the published keys", error.to_string()))?;
        let write = self
            .table
            .client()
            .put_item()
            .table_name(self.table.name())
            .set_item(Some(item(&document, read.revision, now)));
        let write = match read.revision {
            None => write.condition_expression("attribute_not_exists(pk)"),
            Some(revision) => write
                .condition_expression("revision = :read")
                .expression_attribute_values(":read", AttributeValue::N(revision.to_string())),
        };
        match write.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                // A lost response makes the SDK's next attempt meet its own first one.
                match self.document().await? {
                    Some((there, _)) if there == document => Ok(()),
                    _ => Err(Error::unavailable(
                        "the published keys",
                        "another rotation has changed them in between; run this one again",
                    )),
                }
            }
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn document(&self) -> Result<Option<(String, u64)>, Error> {
        let found = self.table.get(key(), &["document", "revision"]).await?;
        found
            .map(|found| Ok((text(&found, "document")?, number(&found, "revision")?)))
            .transpose()
    }
}

fn key() -> Key {
    Key::new("keys", "published")
}

/// Encodes the item. The revision counts the writes, so that none overwrites what its writer did not read.
fn item(document: &str, read: Option<u64>, now: Timestamp) -> Item {
    let revision = read.map_or(1, |read| read.saturating_add(1));
    let mut item = key().into_item();
    put(&mut item, "document", document);
    item.insert("revision".to_owned(), AttributeValue::N(revision.to_string()));
    put(&mut item, "updated_at", now.to_string());
    item
}

impl Source for PublishedStore {
    type Value = Published;

    const NAME: &'static str = "the published keys";

    async fn load(&self, _: Timestamp) -> Result<Published, Missing> {
        let (document, _) = self
            .document()
            .await
            .map_err(|error| Missing::Now(error.to_string()))?
            .ok_or_else(|| Missing::Now("no key is published yet".to_owned()))?;
        let published = Published::parse(&document)
            .and_then(|published| published.check().map(|()| published))
            .map_err(|error| Missing::Unusable(error.to_string()))?;
        if published.is_empty() {
            return Err(Missing::Now("no key is published".to_owned()));
        }
        Ok(published)
    }
}
