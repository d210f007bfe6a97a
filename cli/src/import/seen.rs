//! The names and ids of earlier rows, for a dry run, where the table does not have them.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Eight bytes of each: of a million rows, two that differ have the same with a probability of 1 in 10 million.
#[derive(Default)]
pub(super) struct Seen {
    hashes: HashSet<u64>,
    state: RandomState,
}

impl Seen {
    /// Adds the keys of a row; returns the member that an earlier row had.
    pub(super) fn add(&mut self, keys: &[String]) -> Option<&'static str> {
        let mut earlier = None;
        for key in keys {
            if !self.hashes.insert(self.state.hash_one(key)) {
                let is_id = key.starts_with("id ");
                let name = if key.contains('@') { "email" } else { "username" };
                earlier = earlier.or(Some(if is_id { "id" } else { name }));
            }
        }
        earlier
    }
}
