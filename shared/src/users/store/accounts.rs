//! What users change of their own accounts: the profile, the password, and that there is one.
//!
//! Each write is conditional on what its decision was made from. Where another write came first, the caller reads and decides again.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::attempts::{Attempt, clear};
use super::sessions::{only, when_as_read};
use super::{Users, rejection, when_of_generation};
use crate::api_keys;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::passwords::StoredHash;
use crate::sessions::Session;
use crate::table::change::{Change, Written};
use crate::table::item::Item;
use crate::table::{ROUNDS, contended};
use crate::throttle::Attempts;
use crate::users::folding::NameKey;
use crate::users::item;
use crate::users::profile::Profile;
use crate::users::renaming::Renaming;
use crate::users::user::{Credentials, User, UserId};

/// By what a caller is one; a write requires that it still holds.
#[derive(Clone, Copy, Debug)]
pub enum Standing<'a> {
    /// By the session of this id.
    Session(&'a str),
    /// Without a session: by the generation of the credentials at the log-in.
    Generation(u64),
}

impl Users {
    /// Gives a user another profile: the old names become free and the new ones are taken in one transaction, or nothing happens.
    /// Returns the user as written, or `None` where the profile is no longer the one that was read, the user is disabled or gone, or the
    /// caller is no longer one.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if another user has one of the names; if both names are in use, the error reports only the username.
    pub async fn change_profile(
        &self,
        user: &User,
        standing: Standing<'_>,
        after: Profile,
        now: Timestamp,
    ) -> Result<Option<User>, Error> {
        let renaming = Renaming::between(&user.profile, &after);
        let written = User {
            profile: after,
            updated_at: now,
            ..user.clone()
        };
        let change = profile_change(&user.profile, standing, &written);
        let is_written = if renaming.is_empty() {
            matches!(self.update(&user.id, change).await?, Written::Done(_))
        } else {
            let own = change.into_update(&self.table, item::user_key(user.id.as_str()))?;
            self.transact_on(own, &user.id, &renaming, None).await?
        };
        Ok(is_written.then_some(written))
    }

    /// Deletes a user, the API keys and the markers of the names. Returns `false` where the names are no longer those that were read, the user is
    /// disabled or gone, or the caller is no longer one.
    pub async fn delete(&self, user: &User, standing: Standing<'_>) -> Result<bool, Error> {
        let mut condition = Change::default();
        let [username, email, ..] = item::profile_attributes(&user.profile);
        when_profile_is(&mut condition, &[username, email], standing);
        self.delete_when(condition, user).await
    }

    /// Deletes a user on a condition of its item, the API keys and the markers of the names.
    pub(super) async fn delete_when(&self, condition: Change, user: &User) -> Result<bool, Error> {
        let own = condition.into_delete(&self.table, item::user_key(user.id.as_str()))?;
        let keys = Change::default().into_delete(&self.table, api_keys::item_key(user.id.as_str()))?;
        let renaming = Renaming::between(&user.profile, &Profile::default());
        self.transact_on(own, &user.id, &renaming, Some(keys)).await
    }

    /// Writes a user's item, the markers of its names and what else there is in one transaction. Returns `false` where the item's condition
    /// failed; `rest` has none.
    pub(super) async fn transact_on(
        &self,
        own: TransactWriteItem,
        user: &UserId,
        renaming: &Renaming,
        rest: Option<TransactWriteItem>,
    ) -> Result<bool, Error> {
        let mut writes = vec![own];
        for name in &renaming.added {
            writes.push(self.put_new(item::from_name(name, user))?);
        }
        for name in &renaming.removed {
            writes.push(self.delete_own(name, user)?);
        }
        writes.extend(rest);
        let request = self.table.client().transact_write_items();
        let Err(error) = request.set_transact_items(Some(writes)).send().await else {
            return Ok(true);
        };
        let failed = failed_conditions(&error);
        match failed.first() {
            // Whatever else failed may be due to what the item no longer is.
            Some(true) => Ok(false),
            _ if failed.iter().skip(1 + renaming.added.len()).any(|failed| *failed) => Err(Error::internal(
                "the store",
                "the marker of a user's name is another user's",
            )),
            _ => Err(rejection(&renaming.added, &error)),
        }
    }

    /// Deletes the marker of a name, unless it is another user's. An operator may have deleted it before.
    fn delete_own(&self, name: &NameKey, user: &UserId) -> Result<TransactWriteItem, Error> {
        let mut condition = Change::default();
        let user = condition.text(user.as_str());
        condition.when(format!("attribute_not_exists(pk) OR user_id = {user}"));
        condition.into_delete(&self.table, item::name_key(name))
    }

    /// Returns the credentials of the user of an id; one read.
    pub async fn credentials_of(&self, id: &UserId) -> Result<Option<Credentials>, Error> {
        let found = self
            .table
            .get(item::user_key(id.as_str()), item::CREDENTIALS)
            .await?;
        found.map(|found| item::to_credentials(&found)).transpose()
    }

    /// Replaces the hash of a password and ends log-ins under way, and all sessions but `own`, the caller's, where `ends_others`, in the
    /// same write. Returns `false` where the password or that session changed since they were read, or the user is gone. `updated_at`
    /// stays, since nothing that is shown changes.
    pub async fn change_password(
        &self,
        read: &Credentials,
        attempt: &Attempt,
        new: &StoredHash,
        own: Option<(&str, &Session)>,
        ends_others: bool,
        now: i64,
    ) -> Result<bool, Error> {
        let generation = read.state.credential_generation;
        let mut attempts = None;
        for _ in 0..ROUNDS {
            let mut change = Change::default();
            change.when("attribute_exists(pk)");
            when_of_generation(&mut change, generation);
            let next = change.number(i64::try_from(generation.saturating_add(1)).unwrap_or(i64::MAX));
            change.set(format!("credential_generation = {next}"));
            let hash = change.text(new.as_str());
            change.set(format!("password_hash = {hash}"));
            if let Some((id, session)) = own {
                when_as_read(&mut change, id, session);
            }
            if ends_others {
                let sessions = own.map_or_else(
                    || AttributeValue::M(Item::new()),
                    |(id, session)| only(id, session),
                );
                let sessions = change.value(sessions);
                change.set(format!("sessions = {sessions}"));
            }
            let clearing = attempt.clearing(attempts.as_ref(), now);
            clear(&mut change, &clearing);
            let Written::Refused(found) = self.update(&read.id, change).await? else {
                return Ok(true);
            };
            // Another attempt came between: the rest may be as it was read.
            let found_attempts = found.as_ref().map(Attempts::decode).transpose()?;
            if clearing.restored.is_some()
                && found_attempts
                    .as_ref()
                    .is_some_and(|found| !attempt.is_last(found))
            {
                attempts = found_attempts;
                continue;
            }
            // A hash has a salt of its own: where this one stands, an earlier attempt wrote it and its response was lost.
            let stored = found.as_ref().map(item::to_credentials).transpose()?;
            return Ok(stored.is_some_and(|stored| stored.hash.as_ref() == Some(new)));
        }
        Err(contended())
    }
}

/// Requires that attributes are as they were read, that the user is not disabled, and that the caller is still one.
pub(super) fn when_profile_is(
    change: &mut Change,
    attributes: &[(&'static str, Option<&str>)],
    standing: Standing<'_>,
) {
    let enabled = change.value(AttributeValue::Bool(false));
    change.when("attribute_exists(pk)");
    change.when(format!("attribute_not_exists(disabled) OR disabled = {enabled}"));
    match standing {
        Standing::Session(id) => {
            let session = change.name(id);
            change.when(format!("attribute_exists(sessions.{session})"));
        }
        Standing::Generation(generation) => when_of_generation(change, generation),
    }
    when_attributes_are(change, attributes);
}

/// Requires that attributes are as they were read. One without a value may be absent or `NULL`, which reads the same.
pub(super) fn when_attributes_are(change: &mut Change, attributes: &[(&'static str, Option<&str>)]) {
    for (name, value) in attributes {
        let name = change.name(*name);
        if let Some(value) = value {
            let value = change.text(*value);
            change.when(format!("{name} = {value}"));
        } else {
            let null = change.value(AttributeValue::Null(true));
            change.when(format!("attribute_not_exists({name}) OR {name} = {null}"));
        }
    }
}

/// Writes a profile, on condition that it is as it was read.
fn profile_change(before: &Profile, standing: Standing<'_>, written: &User) -> Change {
    let mut change = Change::default();
    when_profile_is(&mut change, &item::profile_attributes(before), standing);
    let now = change.text(written.updated_at.to_string());
    change.set(format!("updated_at = {now}"));
    for (name, value) in item::profile_attributes(&written.profile) {
        let name = change.name(name);
        match value {
            Some(value) => {
                let value = change.text(value);
                change.set(format!("{name} = {value}"));
            }
            None => change.remove(name),
        }
    }
    change
}

/// Returns which writes of a canceled transaction had conditions that failed, in their order; empty for another error.
pub(super) fn failed_conditions(error: &SdkError<TransactWriteItemsError>) -> Vec<bool> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled
            .cancellation_reasons()
            .iter()
            .map(|reason| reason.code() == Some("ConditionalCheckFailed"))
            .collect(),
        _ => Vec::new(),
    }
}
