//! What is counted of a network, in windows of ten minutes: its failed log-ins, for any name, its registrations, and the mails that it asks
//! for. The mails to an address are counted alike.

use super::limits::WINDOW_MILLIS;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::table::change::Change;
use crate::table::item::{Item, optional_number};

/// What is counted of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkUse {
    /// A failed log-in.
    FailedLogIn,
    /// A registration.
    Registration,
    /// A mail that is asked for.
    Mail,
}

impl NetworkUse {
    /// Returns the sort key of its counter.
    pub(crate) fn sort_key(self) -> &'static str {
        match self {
            Self::FailedLogIn => "failed-log-ins",
            Self::Registration => "registrations",
            Self::Mail => "mails",
        }
    }
}

/// The window of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    count: u32,
    since: i64,
}

impl Window {
    /// Decodes the window of a counter; an empty one where there is none.
    pub(crate) fn decode(item: Option<&Item>) -> Result<Self, Error> {
        let Some(item) = item else {
            return Ok(Self::default());
        };
        Ok(Self {
            count: optional_number(item, "uses")?.unwrap_or_default(),
            since: optional_number(item, "since")?.unwrap_or_default(),
        })
    }

    /// Returns until when a network is refused by a limit; `None` where it is not.
    pub(crate) fn refused_until(self, limit: u32, now: i64) -> Option<i64> {
        (self.count >= limit && now < self.ends_at()).then(|| self.ends_at())
    }

    fn ends_at(self) -> i64 {
        self.since.saturating_add(WINDOW_MILLIS)
    }
}

/// Returns what one more use writes to a counter, on condition that it is below `limit`, where there is one. It is decided without a read: the use
/// is one of the window that is there, or begins the first one. `known` is the window that has refused it, which may have ended.
pub(crate) fn one_more(now: i64, known: Option<Window>, limit: Option<u32>) -> Change {
    let mut change = Change::default();
    let (one, time) = (change.number(1), change.number(now));
    let expires = Timestamp::from_millis(now.saturating_add(WINDOW_MILLIS)).unix();
    let expires = change.number(expires);
    change.set(format!("expires_at = {expires}"));
    if let Some(ended) = known.filter(|window| window.ends_at() <= now) {
        let since = change.number(ended.since);
        change.when(format!("since = {since}"));
        change.set(format!("uses = {one}"));
        change.set(format!("since = {time}"));
        return change;
    }
    let begun = change.number(now.saturating_sub(WINDOW_MILLIS));
    let mut condition = format!("since > {begun}");
    if let Some(limit) = limit {
        let limit = change.number(limit);
        condition += &format!(" AND uses < {limit}");
    }
    change.when(format!("attribute_not_exists(since) OR ({condition})"));
    let none = change.number(0);
    change.set(format!("uses = if_not_exists(uses, {none}) + {one}"));
    change.set(format!("since = if_not_exists(since, {time})"));
    change
}
