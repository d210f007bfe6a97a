//! The attempts to log in as one user, or by one unknown name, and what becomes of the next one.
//!
//! An attempt is counted before its password is hashed, as a failure; a success takes it back. Pure functions: the store's condition
//! says the same, and a test compares the two.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::budget::Budget;
use super::limits::{
    CAP_MILLIS, DAY_MILLIS, KEPT_STRANGERS, MAX_IN_A_ROW, MAX_REMEMBERED, MAX_STRANGERS, MOST_FORGOTTEN,
    REMEMBERED_MILLIS, WAITS,
};
use crate::error::Error;
use crate::events::Limit;
use crate::table::item::{Item, optional_number};

const ULID_CHARS: usize = 26;

/// The names of the attributes.
pub(crate) mod names {
    /// How many attempts of strangers failed.
    pub(crate) const ATTEMPTS: &str = "attempts";
    /// When the last attempt was.
    pub(crate) const ATTEMPTED_AT: &str = "attempted_at";
    /// How many attempts failed since the last success, of all networks and devices.
    pub(crate) const IN_A_ROW: &str = "attempts_in_a_row";

    /// A budget's own failed attempts.
    pub(crate) fn attempts(key: &str) -> String {
        format!("attempts@{key}")
    }

    /// When a budget's last attempt was.
    pub(crate) fn attempted_at(key: &str) -> String {
        format!("attempted_at@{key}")
    }

    /// When the user last logged in from a network.
    pub(crate) fn logged_in_at(network: &str) -> String {
        format!("logged_in_at@{network}")
    }

    /// What an attempt from a network adds to [`ATTEMPTS`]: nothing from a remembered one, which has a 0 here, and 1 without.
    pub(crate) fn weight(network: &str) -> String {
        format!("weight@{network}")
    }
}

/// Failed attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// How many.
    pub attempts: u32,
    /// When the last was, in milliseconds since 1970.
    pub at: i64,
}

impl Counter {
    /// Returns until when the next attempt waits; `None` where it need not.
    fn wait(self, now: i64) -> Option<i64> {
        let wait = WAITS
            .iter()
            .rev()
            .find(|(failures, _)| self.attempts >= *failures);
        wait.map(|(_, wait)| self.at.saturating_add(*wait))
            .filter(|until| now < *until)
    }

    fn is_forgotten(self, now: i64) -> bool {
        self.attempts > 0 && self.at <= now.saturating_sub(DAY_MILLIS)
    }

    fn one_more(self, now: i64) -> Self {
        Self {
            attempts: self.attempts.saturating_add(1),
            at: now,
        }
    }
}

/// What an item says of attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Those of networks that were not remembered; its time is that of the last attempt of any network.
    pub strangers: Counter,
    /// All since the last success.
    pub in_a_row: u32,
    /// Those of each network and device.
    pub own: BTreeMap<String, Counter>,
    /// When the user last logged in from each remembered network.
    pub networks: BTreeMap<String, i64>,
}

/// What becomes of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is refused by a limit, until then, in milliseconds since 1970.
    Wait(Limit, i64),
    /// It is counted: the store's one condition lets it through.
    Count,
    /// It is counted, and what is forgotten leaves: the item is written to say this.
    Renew(Attempts),
}

impl Attempts {
    /// Decides what becomes of an attempt. `over` is until when the attempt's network has failed too often, for any name; a remembered network
    /// and a device are delayed only by their own failures.
    pub fn decide(&self, budget: &Budget, now: i64, over: Option<i64>) -> Decision {
        let own = self.own.get(budget.key()).copied().unwrap_or_default();
        if budget.is_device() || self.remembers(budget.network(), now) {
            if own.is_forgotten(now) {
                let mut renewed = self.clone();
                renewed.own.remove(budget.key());
                return Decision::Renew(renewed.counted(budget, now));
            }
            let capped = (self.in_a_row >= MAX_IN_A_ROW && own.attempts > 0)
                .then(|| own.at.saturating_add(CAP_MILLIS));
            let until = own.wait(now).max(capped.filter(|until| now < *until));
            return until.map_or(Decision::Count, |until| Decision::Wait(Limit::User, until));
        }
        if let Some(until) = over {
            return Decision::Wait(Limit::Network, until);
        }
        if let Some(until) = self
            .strangers
            .wait(now)
            .filter(|_| !self.strangers.is_forgotten(now))
        {
            return Decision::Wait(Limit::User, until);
        }
        let mut renewed = self.clone();
        if self.strangers.is_forgotten(now) {
            renewed.forget_strangers();
            renewed.strangers.attempts = 0;
            renewed.in_a_row = 0;
        } else if self.strangers.attempts >= MAX_STRANGERS {
            renewed.forget_strangers();
            renewed.strangers.attempts = KEPT_STRANGERS;
        }
        // Not remembered any more.
        renewed.networks.remove(budget.network());
        if renewed == *self {
            return Decision::Count;
        }
        Decision::Renew(renewed.counted(budget, now))
    }

    /// Returns the attempts with one more, which has failed unless [`Attempts::cleared`] follows.
    pub fn counted(mut self, budget: &Budget, now: i64) -> Self {
        let own = self.own.entry(budget.key().to_owned()).or_default();
        *own = own.one_more(now);
        self.in_a_row = self.in_a_row.saturating_add(1);
        if !budget.is_device() {
            if !self.networks.contains_key(budget.network()) {
                self.strangers.attempts = self.strangers.attempts.saturating_add(1);
            }
            self.strangers.at = now;
        }
        self
    }

    /// Returns the attempts without one that was counted at `at`, where they were `before`, and whose password was not hashed. A time goes back
    /// unless a later attempt has moved it.
    pub fn taken_back(mut self, budget: &Budget, before: &Self, at: i64) -> Self {
        let Some(own) = self.own.get_mut(budget.key()) else {
            // A success has cleared it meanwhile.
            return self;
        };
        own.attempts = own.attempts.saturating_sub(1);
        if own.at == at {
            own.at = before.own.get(budget.key()).map_or(0, |own| own.at);
        }
        if own.attempts == 0 {
            self.own.remove(budget.key());
        }
        self.in_a_row = self.in_a_row.saturating_sub(1);
        if !budget.is_device() {
            if !self.networks.contains_key(budget.network()) {
                self.strangers.attempts = self.strangers.attempts.saturating_sub(1);
            }
            if self.strangers.at == at {
                self.strangers.at = before.strangers.at;
            }
        }
        self
    }

    /// Decides what a success writes: it clears the failures of its own network and device and no others, and remembers the network.
    /// `before` is when the last attempt was before this one, at `attempted_at`.
    pub fn cleared(&self, budget: &Budget, before: i64, attempted_at: i64, now: i64) -> Clearing {
        let network = budget.network();
        let mut forgotten = vec![budget.key().to_owned(), network.to_owned()];
        forgotten.dedup();
        let of_strangers = if self.networks.contains_key(network) || budget.is_device() {
            0
        } else {
            self.own.get(network).map_or(0, |own| own.attempts)
        };
        let mut by_age: Vec<(&String, i64)> = self.networks.iter().map(|(key, at)| (key, *at)).collect();
        by_age.retain(|(key, _)| *key != network);
        by_age.sort_by_key(|(_, at)| *at);
        let surplus = (by_age.len() + 1).saturating_sub(MAX_REMEMBERED);
        let left = by_age
            .iter()
            .enumerate()
            .filter(|(index, (_, at))| *index < surplus || !is_remembered(*at, now));
        let left: Vec<String> = left.map(|(_, (key, _))| (*key).clone()).collect();
        let stale = self
            .own
            .iter()
            .filter(|(key, own)| own.is_forgotten(now) || left.contains(key));
        for (key, _) in stale.take(MOST_FORGOTTEN) {
            if !forgotten.contains(key) {
                forgotten.push(key.clone());
            }
        }
        Clearing {
            network: network.to_owned(),
            now,
            of_strangers,
            forgotten,
            left,
            restored: (!budget.is_device() && self.strangers.at == attempted_at)
                .then_some((attempted_at, before)),
        }
    }

    fn remembers(&self, network: &str, now: i64) -> bool {
        self.networks
            .get(network)
            .is_some_and(|at| is_remembered(*at, now))
    }

    fn forget_strangers(&mut self) {
        let networks = &self.networks;
        self.own
            .retain(|key, _| networks.contains_key(key) || is_device(key));
    }

    /// Encodes the attempts: attributes by their names.
    pub(crate) fn encode(&self) -> BTreeMap<String, i64> {
        let mut attributes = BTreeMap::from([
            (names::ATTEMPTS.to_owned(), i64::from(self.strangers.attempts)),
            (names::ATTEMPTED_AT.to_owned(), self.strangers.at),
            (names::IN_A_ROW.to_owned(), i64::from(self.in_a_row)),
        ]);
        for (key, own) in &self.own {
            attributes.insert(names::attempts(key), i64::from(own.attempts));
            attributes.insert(names::attempted_at(key), own.at);
        }
        for (network, at) in &self.networks {
            attributes.insert(names::logged_in_at(network), *at);
            attributes.insert(names::weight(network), 0);
        }
        attributes
    }

    /// Decodes the attempts of an item.
    pub(crate) fn decode(item: &Item) -> Result<Self, Error> {
        let mut attempts = Self {
            strangers: Counter {
                attempts: count(optional_number(item, names::ATTEMPTS)?),
                at: optional_number(item, names::ATTEMPTED_AT)?.unwrap_or_default(),
            },
            in_a_row: count(optional_number(item, names::IN_A_ROW)?),
            ..Self::default()
        };
        for (name, value) in item {
            let Some((kind, key)) = name.split_once('@') else {
                continue;
            };
            let AttributeValue::N(number) = value else {
                continue;
            };
            let number: i64 = number
                .parse()
                .map_err(|_| crate::table::item::unreadable("attempts"))?;
            let own = |own: &mut BTreeMap<String, Counter>, set: &dyn Fn(&mut Counter)| {
                set(own.entry(key.to_owned()).or_default())
            };
            match kind {
                "attempts" => own(&mut attempts.own, &|own| own.attempts = count(Some(number))),
                "attempted_at" => own(&mut attempts.own, &|own| own.at = number),
                "logged_in_at" => {
                    attempts.networks.insert(key.to_owned(), number);
                }
                _ => {}
            }
        }
        Ok(attempts)
    }
}

/// What a success writes beside its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clearing {
    /// The network that is remembered.
    pub network: String,
    /// The time of the success, in milliseconds since 1970.
    pub now: i64,
    /// How many of the strangers' attempts were this network's.
    pub of_strangers: u32,
    /// The networks and devices whose failures leave.
    pub forgotten: Vec<String>,
    /// The networks that are no longer remembered.
    pub left: Vec<String>,
    /// The time of the last attempt, which is this one's, and the one that it returns to: a success is no failure that strangers wait by.
    pub restored: Option<(i64, i64)>,
}

fn is_remembered(at: i64, now: i64) -> bool {
    at > now.saturating_sub(REMEMBERED_MILLIS)
}

/// Reports whether a key is a device's: a session's id, a ULID, which has no character of an address.
fn is_device(key: &str) -> bool {
    key.len() == ULID_CHARS && !key.contains(['.', ':'])
}

/// A subtraction may have met a renewal in between.
fn count(number: Option<i64>) -> u32 {
    u32::try_from(number.unwrap_or_default().max(0)).unwrap_or(u32::MAX)
}
