//! The users whom earlier rows would have become, for a dry run, where the table does not have them.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use shared::clock::Timestamp;
use shared::passwords::{HashCost, StoredHash};
use shared::users::{Email, FullName, Profile, Record, Row, Username, Website};

use super::{is_newer, keys};

/// Eight bytes of each name and id: of a million rows, two that differ have the same with a probability of 1 in 10 million.
#[derive(Default)]
pub(super) struct Seen {
    /// By the digest of a name or of an id.
    users: HashMap<u64, User>,
    state: RandomState,
}

/// A user in some bytes: rows are compared and never shown.
#[derive(Clone, Copy)]
struct User {
    id: u64,
    /// The digest of what each row says and no log-in changes.
    content: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    hash: u64,
    own_cost: Option<HashCost>,
}

/// What an earlier row makes of one.
pub(super) enum Earlier {
    Same,
    /// The same but for the hash, and the earlier one is newer.
    Newer,
    /// The earlier row has this member, and other content.
    Has(&'static str),
}

impl Seen {
    /// Adds the user whom a row would become.
    pub(super) fn add(&mut self, row: &Row, record: &Record) {
        let user = User {
            id: self.state.hash_one(record.user.id.as_str()),
            content: self.content(row),
            created_at: record.user.created_at,
            updated_at: record.user.updated_at,
            hash: self.hash(row),
            own_cost: row.hash.as_ref().and_then(StoredHash::own_cost),
        };
        for key in keys(row) {
            self.users.insert(self.state.hash_one(key), user);
        }
    }

    /// Returns what earlier rows make of one; `None` where they have nothing in common with it.
    pub(super) fn compare(&self, row: &Row) -> Option<Earlier> {
        let keys = keys(row).into_iter();
        let (user, key) = keys
            .filter_map(|key| Some((self.users.get(&self.state.hash_one(&key))?, key)))
            .next()?;
        let is_same = row
            .id
            .as_ref()
            .is_none_or(|id| self.state.hash_one(id.as_str()) == user.id)
            && self.content(row) == user.content
            && row.created_at.is_none_or(|time| time == user.created_at)
            && row.updated_at.is_none_or(|time| time == user.updated_at);
        Some(if is_same && self.hash(row) == user.hash {
            Earlier::Same
        } else if is_same && is_newer(user.own_cost, row) {
            Earlier::Newer
        } else {
            Earlier::Has(member(&key))
        })
    }

    fn content(&self, row: &Row) -> u64 {
        let Profile {
            username,
            email,
            full_name,
            website,
        } = &row.profile;
        self.state.hash_one((
            username.as_ref().map(Username::as_str),
            email.as_ref().map(Email::as_str),
            full_name.as_ref().map(FullName::as_str),
            website.as_ref().map(Website::as_str),
            row.disabled,
            row.scopes.iter().collect::<Vec<_>>(),
        ))
    }

    fn hash(&self, row: &Row) -> u64 {
        self.state.hash_one(row.hash.as_ref().map(StoredHash::as_str))
    }
}

/// Returns the member that has a key.
fn member(key: &str) -> &'static str {
    match key {
        _ if key.starts_with("id ") => "id",
        _ if key.contains('@') => "email",
        _ => "username",
    }
}
