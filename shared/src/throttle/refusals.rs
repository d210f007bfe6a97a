//! What a function remembers of its refusals, so that a flood costs the store nothing.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, PoisonError};

use super::limits::{MEMORY_ENTRIES, MEMORY_MILLIS};
use crate::error::Error;
use crate::events::{Event, Limit, Subject};

/// An attempt that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Whom it was for.
    pub subject: Refused,
    /// What it was too much for.
    pub limit: Limit,
    /// Until when, in milliseconds since 1970.
    pub until: i64,
}

/// Whom a refused attempt was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A user, by the id.
    User(String),
    /// A name that no user has, by its keyed hash.
    Name(String),
    /// Nobody in particular.
    Unnamed,
}

impl Refusal {
    /// Logs the refusal, and returns its error.
    pub fn reject(&self, now: i64) -> Error {
        let subject = match &self.subject {
            Refused::User(id) => Subject::User(id),
            Refused::Name(hash) => Subject::Name(hash),
            Refused::Unnamed => Subject::Unnamed,
        };
        Event::Throttled {
            subject,
            limit: self.limit,
        }
        .log();
        Error::throttled(self.until, now)
    }
}

/// What is remembered of refusals, by what was refused. Prints and holds no names: a key is its hash under random keys of this process.
#[derive(Debug)]
pub struct Refusals<T = Refusal> {
    hasher: RandomState,
    remembered: Mutex<HashMap<u64, Remembered<T>>>,
}

/// What is remembered, and until when, in milliseconds since 1970.
#[derive(Debug)]
struct Remembered<T> {
    what: T,
    until: i64,
}

impl<T> Default for Refusals<T> {
    fn default() -> Self {
        Self {
            hasher: RandomState::default(),
            remembered: Mutex::default(),
        }
    }
}

impl<T: Clone> Refusals<T> {
    /// Returns what is remembered of the refusal of `key`.
    pub fn of(&self, key: impl Hash, now: i64) -> Option<T> {
        let key = self.hasher.hash_one(key);
        let all = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.get(&key).filter(|remembered| now < remembered.until);
        found.map(|remembered| remembered.what.clone())
    }

    /// Forgets a refusal.
    pub fn forget(&self, key: impl Hash) {
        let key = self.hasher.hash_one(key);
        let mut all = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&key);
    }

    /// Remembers the refusal of `key` for as long as it holds, and for a minute at most.
    pub fn remember(&self, key: impl Hash, what: T, until: i64, now: i64) {
        let key = self.hasher.hash_one(key);
        let mut all = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MEMORY_ENTRIES {
            all.retain(|_, remembered| now < remembered.until);
        }
        // Where the memory is full of others, the store refuses.
        if all.len() < MEMORY_ENTRIES {
            let until = until.min(now.saturating_add(MEMORY_MILLIS));
            all.insert(key, Remembered { what, until });
        }
    }
}
