//! What a function remembers of its refusals, so that a flood costs the store nothing.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, PoisonError};

use super::limits::{MEMORY_ENTRIES, MEMORY_MILLIS};

/// Refusals by what was refused. Prints and holds no names: a key is its hash under random keys of this process.
#[derive(Debug, Default)]
pub struct Refusals {
    hasher: RandomState,
    until: Mutex<HashMap<u64, i64>>,
}

impl Refusals {
    /// Returns until when `key` is refused, in milliseconds since 1970.
    pub fn until(&self, key: impl Hash, now: i64) -> Option<i64> {
        let key = self.hasher.hash_one(key);
        let all = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&key).copied().filter(|until| now < *until)
    }

    /// Remembers that `key` is refused until then, for a minute at most.
    pub fn remember(&self, key: impl Hash, until: i64, now: i64) {
        let key = self.hasher.hash_one(key);
        let mut all = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MEMORY_ENTRIES {
            all.retain(|_, until| now < *until);
        }
        // Where the memory is full of others, the store refuses.
        if all.len() < MEMORY_ENTRIES {
            all.insert(key, until.min(now.saturating_add(MEMORY_MILLIS)));
        }
    }
}
