//! The reads and writes of API keys. They have an item of their own beside their user's, so that a log-in does not pay for them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::accounts::{Standing, when_profile_is};
use super::mail::Announcements;
use super::transaction::Part;
use super::{Users, Wanted};
use crate::api_keys::{self, ApiKey, ApiKeys, KEYS, LAST_USED_AT, MAX_API_KEYS, USE_SECONDS};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::mail::Outgoing;
use crate::table::change::{Change, Written};
use crate::table::{ROUNDS, contended};
use crate::users::folding::KEY_MAX_BYTES;
use crate::users::item;
use crate::users::user::{Account, UserId};

impl Users {
    /// Returns the user of an id with these sessions and API keys; one request for both items.
    pub async fn find_with_api_keys(
        &self,
        id: &str,
        sessions: Wanted<'_>,
        keys: Wanted<'_>,
    ) -> Result<Option<(Account, ApiKeys)>, Error> {
        // DynamoDB rejects a longer key as an error of the caller.
        if id.len() > KEY_MAX_BYTES {
            return Ok(None);
        }
        let (sessions, keys) = (sessions.path(item::SESSIONS), keys.path(KEYS));
        let maps = sessions.as_deref().into_iter().chain(keys.as_deref());
        let attributes: Vec<&str> = item::ACCOUNT.iter().copied().chain(maps).collect();
        let items = [item::user_key(id), api_keys::item_key(id)];
        let [user, keys] = self.table.get_all(items, &attributes).await?;
        let Some(user) = user else {
            return Ok(None);
        };
        let keys = keys.as_ref().map(api_keys::decode).transpose()?;
        Ok(Some((item::to_account(&user)?, keys.unwrap_or_default())))
    }

    /// Adds an API key in one transaction with the look at its owner and the mails. Keys that have expired leave where there is no room. Returns `false`
    /// where the user is disabled or gone, or the caller is no longer one.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyApiKeys`] where the user has as many as are allowed.
    pub async fn create_api_key(
        &self,
        user: &UserId,
        standing: Standing<'_>,
        id: &str,
        key: &ApiKey,
        mails: &[Outgoing],
    ) -> Result<bool, Error> {
        let mut announcements = Announcements::new(mails);
        // What must leave; `None` where the item does not exist yet.
        let mut expired = Some(Vec::new());
        for _ in 0..ROUNDS {
            let mut owner = Change::default();
            when_profile_is(&mut owner, &[], standing);
            let keys = added(id, key, expired.as_deref());
            let mut writes = vec![
                (
                    Part::User,
                    owner.into_check(&self.table, item::user_key(user.as_str()))?,
                ),
                (
                    Part::Keys,
                    keys.into_update(&self.table, api_keys::item_key(user.as_str()))?,
                ),
            ];
            writes.extend(announcements.parts(self)?);
            let Some(refused) = self.transact(writes).await? else {
                return Ok(true);
            };
            if refused.by(&Part::User).is_some() {
                return Ok(false);
            }
            announcements.learn(&refused);
            let Some(found) = refused.by(&Part::Keys) else {
                continue;
            };
            expired = match found {
                None => None,
                Some(item) => Some(expired_of(&api_keys::decode(item)?, key.created_at)?),
            };
        }
        Err(contended())
    }

    /// Ends an API key. Returns `false` where the user has no such key.
    pub async fn end_api_key(&self, user: &UserId, id: &str) -> Result<bool, Error> {
        let mut change = Change::default();
        let key = path(&mut change, id);
        change.when(format!("attribute_exists({key})"));
        change.remove(key);
        let written = self.table.update(api_keys::item_key(user.as_str()), change);
        Ok(matches!(written.await?, Written::Done(_)))
    }

    /// Writes that an API key is used now, unless it has ended or a use was written within the hour.
    pub async fn note_api_key_use(&self, user: &UserId, id: &str, now: Timestamp) -> Result<(), Error> {
        let mut change = Change::default();
        let key = path(&mut change, id);
        let last_used_at = format!("{key}.{}", change.name(LAST_USED_AT));
        let latest = change.number(now.unix().saturating_sub(i64::from(USE_SECONDS)));
        change.when(format!("attribute_exists({key})"));
        change.when(format!(
            "attribute_not_exists({last_used_at}) OR {last_used_at} <= {latest}"
        ));
        let now = change.number(now.unix());
        change.set(format!("{last_used_at} = {now}"));
        let written = self.table.update(api_keys::item_key(user.as_str()), change);
        written.await.map(|_| ())
    }
}

/// Returns the path of a key in its item.
fn path(change: &mut Change, id: &str) -> String {
    format!("{}.{}", change.name(KEYS), change.name(id))
}

/// Adds a key to the item, on condition that there is room once the expired ones have left; `None` for an item that is to be created.
fn added(id: &str, key: &ApiKey, expired: Option<&[String]>) -> Change {
    let mut change = Change::default();
    let keys = change.name(KEYS);
    let Some(expired) = expired else {
        let first = AttributeValue::M(HashMap::from([(id.to_owned(), key.encode())]));
        let first = change.value(first);
        change.when("attribute_not_exists(pk)");
        change.set(format!("{keys} = {first}"));
        return change;
    };
    let (own, value) = (path(&mut change, id), change.value(key.encode()));
    change.set(format!("{own} = {value}"));
    let room = MAX_API_KEYS.saturating_add(expired.len());
    let room = change.number(i64::try_from(room).unwrap_or(i64::MAX));
    change.when(format!("size({keys}) < {room}"));
    for id in expired {
        let expired = path(&mut change, id);
        change.when(format!("attribute_exists({expired})"));
        change.remove(expired);
    }
    change
}

/// Returns the ids of the keys that have expired, if there is room without them.
fn expired_of(keys: &ApiKeys, now: Timestamp) -> Result<Vec<String>, Error> {
    let expired = keys.iter().filter(|(_, key)| !key.is_live(now));
    let expired: Vec<String> = expired.map(|(id, _)| id.clone()).collect();
    if keys.len() - expired.len() < MAX_API_KEYS {
        Ok(expired)
    } else {
        Err(Error::TooManyApiKeys(MAX_API_KEYS))
    }
}
