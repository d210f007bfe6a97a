//! The store of users.
//!
//! Uniqueness is decided here: each name has a marker item that only one transaction can put.

mod accounts;
mod addresses;
mod api_keys;
mod attempts;
mod mail;
mod moving;
mod networks;
mod operators;
mod pages;
mod sessions;
mod transaction;

use aws_sdk_dynamodb::types::AttributeValue;

use super::folding::{KEY_MAX_BYTES, NameKey};
use super::item;
use super::user::{Account, User, UserId};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::http::client::Network;
use crate::mail::Outgoing;
use crate::passwords::StoredHash;
use crate::scope::Scopes;
use crate::table::change::{Change, Written};
use crate::table::item::{Item, scope_set, text};
use crate::table::{ROUNDS, Table, contended};

use mail::Announcements;
use transaction::Part;

pub use accounts::{SessionsAtChange, Standing};
pub use addresses::{Addressed, Presented};
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
    /// registration for it, at the given time in milliseconds, and puts the mails into the outbox. The SDK sends the same idempotency token
    /// at every attempt, so a lost response leads to the same state and the same result.
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
        mails: &[Outgoing],
    ) -> Result<(), Error> {
        let names = user.profile.names();
        let mut announcements = Announcements::new(mails);
        let mut counter: Option<Item> = None;
        for _ in 0..ROUNDS {
            let own = self.put_new(item::from_user(user, Some(hash)))?;
            let mut writes = vec![(Part::User, own)];
            writes.extend(self.take_names(&names, &user.id, user.email_verified)?);
            if let Some(claim) = &user.claim {
                writes.push((Part::Rest, self.put(item::from_claim(claim, &user.id))?));
            }
            writes.extend(announcements.parts(self)?);
            if let Some((networks, network, now)) = counted {
                let part = networks.counter(network);
                let part = part.part(&self.table, counter.as_ref(), now)?;
                writes.push((Part::NetworkCounter, part));
            }
            let Some(refused) = self.transact(writes).await? else {
                return Ok(());
            };
            // The counter's window has ended, or its limit is reached: its item says which, and before any name does.
            let of_network = refused.by(&Part::NetworkCounter).flatten();
            if let Some(item) = of_network {
                counter = Some(item.clone());
            } else if !announcements.learn(&refused) {
                return Err(refused.conflict());
            }
        }
        Err(contended())
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
    raise(change, "credential_generation");
}

/// Adds one to a number that is 0 where it is absent.
fn raise(change: &mut Change, name: &str) {
    let (first, one) = (change.number(0), change.number(1));
    change.set(format!("{name} = if_not_exists({name}, {first}) + {one}"));
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
