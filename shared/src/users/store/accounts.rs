//! What users change of their own accounts: the profile, the password, and that there is one.
//!
//! Each write is conditional on what its decision was made from. Where another write came first, the caller reads and decides again.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::attempts::{Attempt, clear};
use super::mail::Announcements;
use super::sessions::{only, when_as_read};
use super::transaction::Part;
use super::{Users, when_of_generation};
use crate::api_keys;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::mail::Outgoing;
use crate::passwords::StoredHash;
use crate::sessions::Session;
use crate::table::change::{Change, Written};
use crate::table::item::Item;
use crate::table::{ROUNDS, contended};
use crate::throttle::Attempts;
use crate::users::addresses::{AddressItems, Addresses};
use crate::users::item;
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

/// What becomes of the sessions at a change of the password.
#[derive(Clone, Copy, Debug)]
pub struct SessionsAtChange<'a> {
    /// The caller's, as it was read; it goes on.
    pub own: Option<(&'a str, &'a Session)>,
    /// Whether the others end.
    pub ends_others: bool,
}

impl Users {
    /// Gives a user another profile and other addresses: the old names become free and the new ones are taken in one transaction with the
    /// mails, or nothing happens. Returns the user as written, or `None` where the profile is no longer the one that was read, the user is
    /// disabled or gone, or the caller is no longer one.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if another user has one of the names; if both names are in use, the error reports only the username.
    pub async fn change_profile(
        &self,
        user: &User,
        standing: Standing<'_>,
        after: User,
        mails: &[Outgoing],
        now: Timestamp,
    ) -> Result<Option<User>, Error> {
        let renaming = Renaming::between(&user.profile, &after.profile);
        let items = AddressItems::between(&user.addresses(), &after.addresses());
        let written = User {
            updated_at: now,
            ..after
        };
        let change = profile_change(user, standing, &written);
        if renaming.is_empty() && items == AddressItems::default() {
            let update = self.update_announced(&user.id, change, mails).await?;
            return Ok(matches!(update, Written::Done(_)).then_some(written));
        }
        let mut announcements = Announcements::new(mails);
        for _ in 0..ROUNDS {
            let own = change.clone();
            let own = own.into_update(&self.table, item::user_key(user.id.as_str()))?;
            let mut writes = vec![(Part::User, own)];
            writes.extend(self.take_names(&renaming.added, &user.id, false)?);
            writes.extend(self.free_names(&renaming.removed, &user.id)?);
            writes.extend(self.claim_parts(&items, &user.id)?);
            writes.extend(announcements.parts(self)?);
            let Some(refused) = self.transact(writes).await? else {
                return Ok(Some(written));
            };
            // Whatever else failed may be due to what the item no longer is.
            if refused.by(&Part::User).is_some() {
                return Ok(None);
            }
            if !announcements.learn(&refused) {
                return Err(refused.conflict());
            }
        }
        Err(contended())
    }

    /// Deletes a user, the API keys and the markers of the names. Returns `false` where the names are no longer those that were read, the user is
    /// disabled or gone, or the caller is no longer one.
    pub async fn delete(&self, user: &User, standing: Standing<'_>) -> Result<bool, Error> {
        let mut condition = Change::default();
        let [username, email, ..] = item::profile_attributes(&user.profile);
        when_profile_is(&mut condition, &[username, email], standing);
        when_addresses_are(&mut condition, &user.addresses());
        self.delete_when(condition, user).await
    }

    /// Deletes a user on a condition of its item, the API keys, the claim and the markers of the names.
    pub(super) async fn delete_when(&self, condition: Change, user: &User) -> Result<bool, Error> {
        let own = condition.into_delete(&self.table, item::user_key(user.id.as_str()))?;
        let mut writes = vec![(Part::User, own), (Part::Rest, self.end_api_keys(&user.id)?)];
        writes.extend(self.free_names(&user.profile.names(), &user.id)?);
        let items = AddressItems::between(&user.addresses(), &Addresses::default());
        writes.extend(self.claim_parts(&items, &user.id)?);
        match self.transact(writes).await? {
            None => Ok(true),
            Some(refused) if refused.by(&Part::User).is_some() => Ok(false),
            Some(refused) => Err(refused.conflict()),
        }
    }

    /// Returns the part that ends all API keys of a user.
    pub(super) fn end_api_keys(&self, user: &UserId) -> Result<TransactWriteItem, Error> {
        Change::default().into_delete(&self.table, api_keys::item_key(user.as_str()))
    }

    /// Returns the credentials of the user of an id; one read.
    pub async fn credentials_of(&self, id: &UserId) -> Result<Option<Credentials>, Error> {
        let found = self
            .table
            .get(item::user_key(id.as_str()), item::CREDENTIALS)
            .await?;
        found.map(|found| item::to_credentials(&found)).transpose()
    }

    /// Replaces the hash of a password and ends log-ins under way, and sessions as `sessions` says, in one write with the mails. Returns `false`
    /// where the password or that session changed since they were read, or the user is gone. `updated_at` stays, since nothing that is shown
    /// changes.
    pub async fn change_password(
        &self,
        read: &Credentials,
        attempt: &Attempt,
        new: &StoredHash,
        sessions: SessionsAtChange<'_>,
        mails: &[Outgoing],
        now: i64,
    ) -> Result<bool, Error> {
        let SessionsAtChange { own, ends_others } = sessions;
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
            let update = self.update_announced(&read.id, change, mails).await?;
            let Written::Refused(found) = update else {
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

/// Writes a profile and addresses, on condition that they are as they were read.
fn profile_change(before: &User, standing: Standing<'_>, written: &User) -> Change {
    let mut change = Change::default();
    let read = item::profile_attributes(&before.profile);
    when_profile_is(&mut change, &read, standing);
    when_addresses_are(&mut change, &before.addresses());
    let now = change.text(written.updated_at.to_string());
    change.set(format!("updated_at = {now}"));
    write_profile(&mut change, written);
    change
}

/// Writes the profile and the addresses.
pub(super) fn write_profile(change: &mut Change, written: &User) {
    let profile = item::profile_attributes(&written.profile);
    let profile = profile.map(|(name, value)| (name, value.map(|value| AttributeValue::S(value.to_owned()))));
    for (name, value) in profile
        .into_iter()
        .chain(item::address_attributes(&written.addresses()))
    {
        let name = change.name(name);
        match value {
            Some(value) => {
                let value = change.value(value);
                change.set(format!("{name} = {value}"));
            }
            None => change.remove(name),
        }
    }
}

/// Requires that the claim and the proof are as they were read.
pub(super) fn when_addresses_are(change: &mut Change, read: &Addresses) {
    for (name, value) in item::address_attributes(read) {
        let name = change.name(name);
        match value {
            Some(value) => {
                let value = change.value(value);
                change.when(format!("{name} = {value}"));
            }
            None => change.when(format!("attribute_not_exists({name})")),
        }
    }
}
