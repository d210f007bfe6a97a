//! The counters of networks. What they write is decided by `throttle/networks.rs`.

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::error::Error;
use crate::http::client::Network;
use crate::table::change::Written;
use crate::table::item::{Item, Key};
use crate::table::{ROUNDS, Table, contended};
use crate::throttle::{NetworkUse, Window, one_more};

/// The counters of networks of one kind, with their limit.
#[derive(Clone, Debug)]
pub struct Networks {
    table: Table,
    counts: NetworkUse,
    limit: u32,
}

impl Networks {
    /// Creates the counters.
    pub fn new(table: Table, counts: NetworkUse, limit: u32) -> Self {
        Self { table, counts, limit }
    }

    /// Returns the key of a network's counter.
    pub(super) fn key(&self, network: &Network) -> Key {
        Key::new(format!("network#{network}"), self.counts.sort_key())
    }

    /// Returns until when a network is refused, by its counter; `None` where it is not.
    pub(super) fn refused_until(&self, counter: Option<&Item>, now: i64) -> Result<Option<i64>, Error> {
        Ok(Window::decode(counter)?.refused_until(self.limit, now))
    }

    /// Returns until when a network is refused; one read.
    pub async fn refused(&self, network: &Network, now: i64) -> Result<Option<i64>, Error> {
        let counter = self.table.get(self.key(network), &["uses", "since"]).await?;
        self.refused_until(counter.as_ref(), now)
    }

    /// Counts a use that happened; no limit applies.
    pub async fn count(&self, network: &Network, now: i64) -> Result<(), Error> {
        let mut window = None;
        for _ in 0..ROUNDS {
            let change = one_more(now, window, None);
            match self.table.update(self.key(network), change).await? {
                Written::Done(_) => return Ok(()),
                Written::Refused(found) => window = Some(Window::decode(found.as_ref())?),
            }
        }
        Err(contended())
    }

    /// Returns the counter of a network.
    pub(super) fn counter(&self, network: &Network) -> Counter {
        Counter {
            key: self.key(network),
            limit: self.limit,
        }
    }
}

/// A counter with a limit, which a transaction counts on.
#[derive(Clone)]
pub(super) struct Counter {
    pub(super) key: Key,
    pub(super) limit: u32,
}

impl Counter {
    /// Returns the part of a transaction that counts a use, on condition that the limit allows it. `refused` is the counter that came back with a
    /// refusal.
    ///
    /// # Errors
    ///
    /// [`Error::Throttled`] where that counter has reached the limit.
    pub(super) fn part(
        &self,
        table: &Table,
        refused: Option<&Item>,
        now: i64,
    ) -> Result<TransactWriteItem, Error> {
        let window = refused.map(|item| Window::decode(Some(item))).transpose()?;
        if let Some(until) = window.and_then(|window| window.refused_until(self.limit, now)) {
            return Err(Error::throttled(until, now));
        }
        one_more(now, window, Some(self.limit)).into_update(table, self.key.clone())
    }
}
