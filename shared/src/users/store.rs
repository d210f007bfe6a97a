//! The store of users.
//!
//! Uniqueness is decided here: each name has a marker item that only one transaction can put.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

use super::folding::{KEY_MAX_BYTES, NameKey};
use super::item;
use super::user::{Credentials, User, UserId};
use crate::clock::Timestamp;
use crate::error::{Conflict, Error};
use crate::passwords::StoredHash;
use crate::random;
use crate::table::item::{Item, text};
use crate::table::{Table, unavailable};

mod accounts;

pub use accounts::PasswordState;

/// The store of users: it owns their items and every write to them.
#[derive(Clone, Debug)]
pub struct Users {
    table: Table,
}

impl Users {
    /// Creates the store on a table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// Registers a user under all of its names, in one transaction: all or nothing. The SDK sends the same idempotency
    /// token at every attempt, so a lost response leads to the same state and the same result.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] names each name that another user has.
    pub async fn register(&self, user: &User, hash: &StoredHash) -> Result<(), Error> {
        let names = user.profile.names();
        let mut puts = vec![self.put_new(item::from_user(user, hash))?];
        for name in &names {
            puts.push(self.put_new(item::from_name(name, &user.id))?);
        }
        self.table
            .client()
            .transact_write_items()
            .set_transact_items(Some(puts))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| rejection(&names, &error))
    }

    fn put_new(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(self.table.name())
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|error| Error::internal("the store", error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Returns the credentials of the user of a name. Always makes two reads, so that timing does not reveal whether the name
    /// exists; `None` stands for text that cannot be a name. Reads without a target use random keys, so that guessing names
    /// heats no single partition.
    pub async fn credentials(
        &self,
        name: Option<&NameKey>,
        now: Timestamp,
    ) -> Result<Option<Credentials>, Error> {
        let unused = random::ulid(now)?;
        let marker = match name {
            Some(name) => item::name_key(name),
            None => item::no_name_key(&unused),
        };
        let id = self
            .table
            .get(marker, &["user_id"])
            .await?
            .map(|marker| text(&marker, "user_id"))
            .transpose()?;
        let key = item::user_key(id.as_deref().unwrap_or(&unused));
        match self.table.get(key, item::CREDENTIALS).await? {
            Some(found) if id.is_some() => item::to_credentials(&found).map(Some),
            _ => Ok(None),
        }
    }

    /// Returns the user of an id, without the password hash; one read.
    pub async fn find(&self, id: &str) -> Result<Option<User>, Error> {
        // DynamoDB rejects a longer key as an error of the caller.
        if id.len() > KEY_MAX_BYTES {
            return Ok(None);
        }
        let found = self.table.get(item::user_key(id), item::USER).await?;
        found.map(|found| item::to_user(&found)).transpose()
    }

    /// Replaces a password hash by a stronger one of the same password; does nothing where the user was deleted or has another
    /// hash by now. `updated_at` stays, since nothing that is shown has changed.
    pub async fn renew_hash(&self, id: &UserId, old: &StoredHash, new: &StoredHash) -> Result<(), Error> {
        let update = self
            .update(id)
            .update_expression("SET password_hash = :new")
            .condition_expression("password_hash = :old")
            .expression_attribute_values(":new", AttributeValue::S(new.as_str().to_owned()))
            .expression_attribute_values(":old", AttributeValue::S(old.as_str().to_owned()));
        held(update).await.map(|_| ())
    }

    /// Sets whether a user is disabled. Returns `false` where there is no such user.
    pub async fn set_disabled(&self, id: &UserId, disabled: bool, now: Timestamp) -> Result<bool, Error> {
        let update = self
            .update(id)
            .update_expression("SET disabled = :disabled, updated_at = :now")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":disabled", AttributeValue::Bool(disabled))
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()));
        held(update).await
    }

    fn update(&self, id: &UserId) -> UpdateItemFluentBuilder {
        self.table
            .client()
            .update_item()
            .table_name(self.table.name())
            .set_key(Some(item::user_key(id.as_str()).into_item()))
    }
}

/// Sends a conditional update and reports whether its condition held.
async fn held(update: UpdateItemFluentBuilder) -> Result<bool, Error> {
    match update.send().await {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(false)
        }
        Err(error) => Err(unavailable(&error)),
    }
}

/// Maps a canceled transaction. The reasons stand in the order of the puts: the user first, then its names. A name's failed
/// condition is decisive; a conflict that is left after the SDK's retries is not.
fn rejection(names: &[NameKey], error: &SdkError<TransactWriteItemsError>) -> Error {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
            canceled.cancellation_reasons()
        }
        _ => &[],
    };
    let mut conflict = Conflict {
        username: false,
        email: false,
    };
    for (name, reason) in names.iter().zip(reasons.iter().skip(1)) {
        if reason.code() == Some("ConditionalCheckFailed") {
            match name {
                NameKey::Username(_) => conflict.username = true,
                NameKey::Email(_) => conflict.email = true,
            }
        }
    }
    if conflict.username || conflict.email {
        Error::Conflict(conflict)
    } else {
        unavailable(error)
    }
}
