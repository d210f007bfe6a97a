//! The store of users.
//!
//! Uniqueness is decided here: each name has a marker item that only one transaction can put.

mod accounts;
mod api_keys;
mod attempts;
mod moving;
mod networks;
mod operators;
mod pages;
mod sessions;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem};

use super::folding::{KEY_MAX_BYTES, NameKey};
use super::item;
use super::user::{Account, User, UserId};
use crate::clock::Timestamp;
use crate::error::{Conflict, Error};
use crate::http::client::Network;
use crate::passwords::StoredHash;
use crate::scope::Scopes;
use crate::table::change::{Change, Written, incomplete};
use crate::table::item::{Item, scope_set, text};
use crate::table::{ROUNDS, Table, contended, unavailable};

pub use accounts::Standing;
pub use attempts::{Attempt, Attempted, Candidate, LookedUp, Subject};
pub use moving::{Imported, Refusal};
pub use networks::Networks;
pub use pages::{Page, Pages};
pub use sessions::{Replaced, Replacement, Revoked};

/// The store of users: it owns their items and every write to them.
#[derive(Clone, Debug)]
pub struct Users {
    table: Table,
}

/// Which sessions or API keys of a user are read.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// None.
    None,
    /// The one of this id.
    One(&'a str),
    /// All.
    All,
}

impl Wanted<'_> {
    /// Returns the path of what is read of a map.
    fn path(self, map: &str) -> Option<String> {
        match self {
            Self::None => None,
            Self::One(id) => Some(format!("{map}.{id}")),
            Self::All => Some(map.to_owned()),
        }
    }
}

impl Users {
    /// Creates the store on a table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// Registers a user under all of its names in one transaction. If `counted` has a network, the same transaction counts the
    /// registration for it, at the given time in milliseconds. The SDK sends the same idempotency token at every attempt, so a lost
    /// response leads to the same state and the same result.
    ///
    /// # Errors
    ///
    /// [`Error::Throttled`] if the network has registered too many users. [`Error::Conflict`] if another user has one of the names; if
    /// both names are in use, the error reports only the username.
    pub async fn register(
        &self,
        user: &User,
        hash: &StoredHash,
        counted: Option<(&Networks, &Network, i64)>,
    ) -> Result<(), Error> {
        let names = user.profile.names();
        let mut counter: Option<Item> = None;
        for _ in 0..ROUNDS {
            let mut writes = vec![self.put_new(item::from_user(user, Some(hash)))?];
            for name in &names {
                writes.push(self.put_new(item::from_name(name, &user.id))?);
            }
            if let Some((networks, network, now)) = counted {
                writes.push(networks.part(network, counter.as_ref(), now)?);
            }
            let request = self.table.client().transact_write_items();
            let Err(error) = request.set_transact_items(Some(writes)).send().await else {
                return Ok(());
            };
            match refusal_of_last(&error) {
                // The counter's window has ended, or its limit is reached: its item says which, and before any name does.
                Some(Some(item)) => counter = Some(item),
                _ => return Err(rejection(&names, &error)),
            }
        }
        Err(contended())
    }

    fn put_new(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(self.table.name())
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Returns the id of the user of a name; one read.
    pub async fn id_of(&self, name: &NameKey) -> Result<Option<UserId>, Error> {
        let marker = self.table.get(item::name_key(name), &["user_id"]).await?;
        let id = marker.map(|marker| text(&marker, "user_id")).transpose()?;
        Ok(id.map(UserId::known))
    }

    /// Returns the user of an id with these of its sessions, without the password hash; one read.
    pub async fn find(&self, id: &str, sessions: Wanted<'_>) -> Result<Option<Account>, Error> {
        // DynamoDB rejects a longer key as an error of the caller.
        if id.len() > KEY_MAX_BYTES {
            return Ok(None);
        }
        let sessions = sessions.path(item::SESSIONS);
        let attributes: Vec<&str> = item::ACCOUNT.iter().copied().chain(sessions.as_deref()).collect();
        let found = self.table.get(item::user_key(id), &attributes).await?;
        found.map(|found| item::to_account(&found)).transpose()
    }

    /// Replaces a password hash by a stronger one of the same password; does nothing where the user was deleted or has another
    /// hash by now. `updated_at` stays, since nothing that is shown has changed.
    pub async fn renew_hash(&self, id: &UserId, old: &StoredHash, new: &StoredHash) -> Result<(), Error> {
        let mut change = Change::default();
        let (old, new) = (change.text(old.as_str()), change.text(new.as_str()));
        change.when(format!("password_hash = {old}"));
        change.set(format!("password_hash = {new}"));
        self.update(id, change).await.map(|_| ())
    }

    /// Sets whether a user is disabled; to disable ends all sessions, and log-ins under way, in the same write. Returns `false` where
    /// there is no such user.
    pub async fn set_disabled(&self, id: &UserId, disabled: bool, now: Timestamp) -> Result<bool, Error> {
        let mut change = Change::default();
        change.when("attribute_exists(pk)");
        let (flag, now) = (
            change.value(AttributeValue::Bool(disabled)),
            change.text(now.to_string()),
        );
        change.set(format!("disabled = {flag}"));
        change.set(format!("updated_at = {now}"));
        if disabled {
            end_log_ins(&mut change);
        }
        Ok(matches!(self.update(id, change).await?, Written::Done(_)))
    }

    /// Grants scopes to a user. Returns `false` where there is no such user.
    pub async fn grant(&self, id: &UserId, scopes: &Scopes) -> Result<bool, Error> {
        let mut change = Change::default();
        let scopes = change.value(scope_set(scopes));
        change.when("attribute_exists(pk)");
        change.add(format!("{} {scopes}", item::SCOPES));
        Ok(matches!(self.update(id, change).await?, Written::Done(_)))
    }

    /// Takes scopes from a user: tokens that were issued keep them until they expire, and no refresh renews them. Returns `false` where there is no such
    /// user.
    pub async fn revoke(&self, id: &UserId, scopes: &Scopes) -> Result<bool, Error> {
        let mut change = Change::default();
        let scopes = change.value(scope_set(scopes));
        change.when("attribute_exists(pk)");
        change.delete(format!("{} {scopes}", item::SCOPES));
        Ok(matches!(self.update(id, change).await?, Written::Done(_)))
    }

    /// Sends a conditional update of a user's item.
    async fn update(&self, id: &UserId, change: Change) -> Result<Written, Error> {
        self.table.update(item::user_key(id.as_str()), change).await
    }
}

/// Ends all sessions, log-ins under way, and tokens that belong to no session.
fn end_log_ins(change: &mut Change) {
    let none = change.value(AttributeValue::M(Item::new()));
    change.set(format!("sessions = {none}"));
    let (first, one) = (change.number(0), change.number(1));
    let generation = "credential_generation";
    change.set(format!(
        "{generation} = if_not_exists({generation}, {first}) + {one}"
    ));
}

/// Adds the condition that the credentials are of a generation. A user from before there were generations is of the first.
fn when_of_generation(change: &mut Change, generation: u64) {
    let number = change.number(i64::try_from(generation).unwrap_or(i64::MAX));
    change.when(if generation == 0 {
        format!("attribute_not_exists(credential_generation) OR credential_generation = {number}")
    } else {
        format!("credential_generation = {number}")
    });
}

/// Returns the item that refused the last part of a canceled transaction; `None` where another part or another error did.
fn refusal_of_last(error: &SdkError<TransactWriteItemsError>) -> Option<Option<Item>> {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error()
    else {
        return None;
    };
    let last = canceled.cancellation_reasons().last()?;
    (last.code() == Some("ConditionalCheckFailed")).then(|| last.item.clone())
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
    let is_taken = |(name, reason): (&NameKey, &CancellationReason)| {
        let is_taken = reason.code() == Some("ConditionalCheckFailed");
        is_taken.then_some(match name {
            NameKey::Username(_) => Conflict::Username,
            NameKey::Email(_) => Conflict::Email,
        })
    };
    // The username precedes the e-mail address, and only the first conflict is reported.
    let mut taken = names.iter().zip(reasons.iter().skip(1)).filter_map(is_taken);
    taken.next().map_or_else(|| unavailable(error), Error::Conflict)
}
