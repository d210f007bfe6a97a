//! The users in DynamoDB: one struct on the AWS SDK's client, used the same way on AWS and on the embedded engine.
//!
//! `docs/data.md` shows every item. The store decides uniqueness: each name has a marker item that only one transaction can
//! put. Nothing here scans or uses an index, and every read is strongly consistent.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

use crate::aws;
use crate::clock::Timestamp;
use crate::config::StoreConfig;
use crate::error::{Error, Taken};
use crate::item::{self, Item, Key, Publication};
use crate::names::NameKey;
use crate::password::StoredHash;
use crate::random;
use crate::store_client;
use crate::user::{User, UserId};

/// Why a user could not be registered.
#[derive(Debug)]
pub enum RegisterError {
    /// Other users have these names.
    Taken(Taken),
    /// Anything else.
    Other(Error),
}

/// The users' table.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// Builds the client; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where the TLS configuration cannot be built.
    pub async fn connect(config: &StoreConfig) -> Result<Self, Error> {
        Ok(Self {
            client: store_client::connect(config).await?,
            table: config.table_name.clone(),
        })
    }

    /// Registers a user under all of its names, in one transaction: all or nothing. The SDK sends the same idempotency
    /// token at every attempt, so an answer that was lost on the way ends in the same state and the same answer.
    ///
    /// # Errors
    ///
    /// [`RegisterError::Taken`] names each name that another user has.
    pub async fn register(&self, user: &User, hash: &StoredHash) -> Result<(), RegisterError> {
        let names: Vec<NameKey> = [
            user.username.as_ref().map(crate::user::Username::key),
            user.email.as_ref().map(crate::user::Email::key),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut puts = vec![self.put_new(item::of_user(user, hash))?];
        for name in &names {
            puts.push(self.put_new(item::of_name(name, &user.id))?);
        }
        self.client
            .transact_write_items()
            .set_transact_items(Some(puts))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| refusal(&names, &error))
    }

    fn put_new(&self, item: Item) -> Result<TransactWriteItem, RegisterError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|error| RegisterError::Other(Error::internal("the store", error.to_string())))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The user of a name with the password hash. Two reads one after the other, for a name that nobody has as for one that
    /// somebody has; `None` stands for what cannot be a name. The keys that are read in vain are random ones, so that
    /// guessing names heats no single partition.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn credentials(
        &self,
        name: Option<&NameKey>,
        now: Timestamp,
    ) -> Result<Option<(User, StoredHash)>, Error> {
        let nobody = random::ulid(now)?;
        let marker = match name {
            Some(name) => Key::of_name(name),
            None => Key::of_no_name(&nobody),
        };
        let id = self
            .get(marker)
            .await?
            .map(|marker| item::text(&marker, "user_id"))
            .transpose()?;
        let key = Key::of_user(id.as_deref().unwrap_or(&nobody));
        match self.get(key).await? {
            Some(found) if id.is_some() => Ok(Some((item::to_user(&found)?, item::to_hash(&found)?))),
            _ => Ok(None),
        }
    }

    /// The user of an id: one read.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn user(&self, id: &str) -> Result<Option<User>, Error> {
        let found = self.get(Key::of_user(id)).await?;
        found.map(|found| item::to_user(&found)).transpose()
    }

    /// Replaces a password hash by a stronger one of the same password; does nothing where the user is gone or has another
    /// hash by now. `updated_at` stays, since nothing that is shown has changed.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn renew_hash(&self, id: &UserId, old: &StoredHash, new: &StoredHash) -> Result<(), Error> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::of_user(id.as_str()).into_item()))
            .update_expression("SET password_hash = :new")
            .condition_expression("password_hash = :old")
            .expression_attribute_values(":new", AttributeValue::S(new.as_str().to_owned()))
            .expression_attribute_values(":old", AttributeValue::S(old.as_str().to_owned()))
            .send()
            .await;
        held(result).map(|_| ())
    }

    /// Sets whether a user is disabled. `false` where there is no such user.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn set_disabled(&self, id: &UserId, disabled: bool, now: Timestamp) -> Result<bool, Error> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::of_user(id.as_str()).into_item()))
            .update_expression("SET disabled = :disabled, updated_at = :now")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":disabled", AttributeValue::Bool(disabled))
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .send()
            .await;
        held(result)
    }

    /// What is published of the keys, or `None` where nothing was published yet.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn published(&self) -> Result<Option<Publication>, Error> {
        let found = self.get(Key::of_published()).await?;
        found.map(|found| item::to_publication(&found)).transpose()
    }

    /// Publishes keys; it must be done before any of them signs. `false` where another has published since `seen` was read: the
    /// revision of then, or `None` where there was nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn publish(&self, document: &str, seen: Option<u64>, now: Timestamp) -> Result<bool, Error> {
        let item = item::of_published(document, seen.map_or(1, |seen| seen.saturating_add(1)), now);
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item));
        let put = match seen {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(seen) => put
                .condition_expression("revision = :seen")
                .expression_attribute_values(":seen", AttributeValue::N(seen.to_string())),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                // An answer that was lost on the way makes the SDK's next attempt meet its own first one.
                let there = self.published().await?;
                Ok(there.is_some_and(|there| there.document == document))
            }
            Err(error) => Err(unreachable(&error)),
        }
    }

    async fn get(&self, key: Key) -> Result<Option<Item>, Error> {
        self.client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.into_item()))
            .consistent_read(true)
            .send()
            .await
            .map(|output| output.item)
            .map_err(|error| unreachable(&error))
    }
}

/// Whether an update's condition held.
fn held<T>(result: Result<T, SdkError<UpdateItemError>>) -> Result<bool, Error> {
    match result {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(false)
        }
        Err(error) => Err(unreachable(&error)),
    }
}

fn unreachable(error: &dyn std::error::Error) -> Error {
    Error::unavailable("the store", aws::words(error))
}

/// The reasons stand in the order of the puts: the user first, then its names. A name's failed condition is decisive; a
/// conflict that is left after the SDK's retries is not.
fn refusal(names: &[NameKey], error: &SdkError<TransactWriteItemsError>) -> RegisterError {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
            canceled.cancellation_reasons()
        }
        _ => &[],
    };
    let mut taken = Taken {
        username: false,
        email: false,
    };
    for (name, reason) in names.iter().zip(reasons.iter().skip(1)) {
        if reason.code() == Some("ConditionalCheckFailed") {
            match name {
                NameKey::Username(_) => taken.username = true,
                NameKey::Email(_) => taken.email = true,
            }
        }
    }
    if taken.username || taken.email {
        RegisterError::Taken(taken)
    } else {
        RegisterError::Other(unreachable(error))
    }
}
