//! The counted attempts to log in. Each is one conditional update, decided by `throttle/attempts.rs`.

use std::collections::BTreeMap;

use super::Users;
use super::networks::Networks;
use crate::clients::{self, Client};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::events::Limit;
use crate::http::client::Network;
use crate::passwords::StoredHash;
use crate::random;
use crate::table::change::{Change, Written};
use crate::table::item::{Item, Key, flag, text};
use crate::table::{ROUNDS, contended};
use crate::throttle::{
    Attempts, Budget, CAP_MILLIS, Clearing, DAY_MILLIS, Decision, MAX_IN_A_ROW, MAX_STRANGERS,
    REMEMBERED_MILLIS, WAITS, names,
};
use crate::users::folding::NameKey;
use crate::users::item;
use crate::users::user::{Credentials, UserId};

/// Whose password is guessed.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A user.
    User(UserId),
    /// A name that no user has, under a keyed hash.
    Unknown(String),
}

impl Subject {
    fn key(&self) -> Key {
        match self {
            Self::User(id) => item::user_key(id.as_str()),
            Self::Unknown(hash) => item::unknown_key(hash),
        }
    }
}

/// What the first request of a log-in reads.
#[derive(Debug)]
pub struct LookedUp {
    /// The user of the name.
    pub user: Option<UserId>,
    /// Until when the network has failed too often.
    pub network_refused: Option<i64>,
    /// The client of the id that was asked for.
    pub client: Option<Client>,
}

/// An attempt that was counted.
#[derive(Debug)]
pub struct Attempt {
    /// The user whose password may be verified; `None` for an unknown name.
    pub user: Option<Candidate>,
    budget: Budget,
    /// The attempts before this one.
    before: Attempts,
    /// The attempts with this one.
    attempts: Attempts,
    at: i64,
}

/// A user before the verdict. Only what the verdict needs is decoded, so that the rest of the item costs no time before it.
#[derive(Debug)]
pub struct Candidate {
    /// The user's id.
    pub id: UserId,
    /// The hash of the password; `None` where there is none, so that no password is right.
    pub hash: Option<StoredHash>,
    /// A disabled user can't log in.
    pub disabled: bool,
    item: Item,
}

impl Candidate {
    fn decode(item: Item) -> Result<Self, Error> {
        Ok(Self {
            id: UserId::known(text(&item, "id")?),
            hash: item::to_hash(&item)?,
            disabled: flag(&item, "disabled")?,
            item,
        })
    }

    /// Decodes what a log-in needs once the password was right.
    pub fn credentials(&self) -> Result<Credentials, Error> {
        item::to_credentials(&self.item)
    }
}

/// What became of an attempt.
#[derive(Debug)]
pub enum Attempted {
    /// It was counted.
    Counted(Box<Attempt>),
    /// It was refused by a limit until then, in milliseconds since 1970, and is not counted.
    Refused(Limit, i64),
}

impl Attempt {
    /// Decides what its success writes to an item that says `attempts`, or as it was left.
    pub(super) fn clearing(&self, attempts: Option<&Attempts>, now: i64) -> Clearing {
        let attempts = attempts.unwrap_or(&self.attempts);
        attempts.cleared(&self.budget, self.before.strangers.at, self.at, now)
    }

    /// Reports whether it comes from a network that is new to a user who has logged in from others.
    pub fn is_from_new_network(&self) -> bool {
        let networks = &self.before.networks;
        !networks.is_empty() && !networks.contains_key(self.budget.network())
    }

    /// Reports whether this was the last attempt of an item.
    pub(super) fn is_last(&self, attempts: &Attempts) -> bool {
        attempts.strangers.at == self.at
    }
}

impl Users {
    /// Returns the user of a name, whether the network has failed too often, and the client of an id; one request for a name that exists as for
    /// one that does not. `None` stands for text that cannot be a name: a random key, so that guessing heats no single partition.
    pub async fn look_up(
        &self,
        name: Option<&NameKey>,
        networks: &Networks,
        network: &Network,
        client: Option<&str>,
        now: i64,
    ) -> Result<LookedUp, Error> {
        let marker = match name {
            Some(name) => item::name_key(name),
            None => item::no_name_key(&random::ulid_at(now)?),
        };
        let (marker, counter) = (marker, networks.key(network));
        let attributes = &["user_id", "uses", "since"];
        let (marker, counter, client) = match client.and_then(clients::key) {
            None => {
                let [marker, counter] = self.table.get_all([marker, counter], attributes).await?;
                (marker, counter, None)
            }
            Some(client) => {
                let attributes = [attributes, clients::ATTRIBUTES].concat();
                let [marker, counter, client] =
                    self.table.get_all([marker, counter, client], &attributes).await?;
                (marker, counter, client)
            }
        };
        let user = marker.map(|marker| text(&marker, "user_id")).transpose()?;
        Ok(LookedUp {
            user: user.map(UserId::known),
            network_refused: networks.refused_until(counter.as_ref(), now)?,
            client: client.map(|client| clients::decode(&client)).transpose()?,
        })
    }

    /// Counts an attempt, unless it must wait: one conditional write, which brings the user. A second one only where forgotten attempts
    /// leave. `None` where the user was deleted.
    pub async fn attempt(
        &self,
        subject: &Subject,
        budget: &Budget,
        network_refused: Option<i64>,
        now: i64,
    ) -> Result<Option<Attempted>, Error> {
        let key = subject.key();
        let is_user = matches!(subject, Subject::User(_));
        let mut change = counted(budget, network_refused, now);
        for _ in 0..ROUNDS {
            if is_user {
                change.when("attribute_exists(pk)");
            } else {
                let expires = Timestamp::from_millis(now.saturating_add(DAY_MILLIS)).unix();
                let expires = change.number(expires);
                change.set(format!("expires_at = {expires}"));
            }
            let before = match self.table.replace(key.clone(), change).await? {
                Written::Done(item) => {
                    let item = item.unwrap_or_default();
                    let before = Attempts::decode(&item)?;
                    let attempts = match before.decide(budget, now, network_refused) {
                        Decision::Renew(renewed) => renewed,
                        _ => before.clone().counted(budget, now),
                    };
                    return Ok(Some(Attempted::Counted(Box::new(Attempt {
                        user: is_user.then(|| Candidate::decode(item)).transpose()?,
                        budget: budget.clone(),
                        before,
                        attempts,
                        at: now,
                    }))));
                }
                Written::Refused(None) if is_user => return Ok(None),
                Written::Refused(found) => Attempts::decode(&found.unwrap_or_default())?,
            };
            change = match before.decide(budget, now, network_refused) {
                Decision::Wait(limit, until) => return Ok(Some(Attempted::Refused(limit, until))),
                Decision::Count => counted(budget, network_refused, now),
                Decision::Renew(renewed) => replaced(&before.encode(), &renewed.encode()),
            };
        }
        Err(contended())
    }

    /// Takes back a counted attempt whose password was right and which begins no session.
    pub async fn clear_attempts(&self, user: &UserId, attempt: &Attempt, now: i64) -> Result<(), Error> {
        let mut attempts = None;
        for _ in 0..ROUNDS {
            let mut change = Change::default();
            change.when("attribute_exists(pk)");
            let clearing = attempt.clearing(attempts.as_ref(), now);
            if clearing.of_strangers > 0 {
                // A second sending of the write would subtract them again.
                let own = change.name(names::attempts(&clearing.network));
                change.when(format!("attribute_exists({own})"));
            }
            clear(&mut change, &clearing);
            match self.update(user, change).await? {
                Written::Done(_) | Written::Refused(None) => return Ok(()),
                Written::Refused(Some(found)) => attempts = Some(Attempts::decode(&found)?),
            }
        }
        Err(contended())
    }

    /// Takes back a counted attempt whose password was not hashed.
    pub async fn take_back(&self, subject: &Subject, attempt: &Attempt) -> Result<(), Error> {
        let mut found = attempt.attempts.clone();
        for _ in 0..ROUNDS {
            let without = found
                .clone()
                .taken_back(&attempt.budget, &attempt.before, attempt.at);
            if without == found {
                return Ok(());
            }
            let mut change = replaced(&found.encode(), &without.encode());
            change.when("attribute_exists(pk)");
            match self.table.update(subject.key(), change).await? {
                Written::Done(_) | Written::Refused(None) => return Ok(()),
                Written::Refused(Some(item)) => found = Attempts::decode(&item)?,
            }
        }
        Err(contended())
    }
}

/// Counts an attempt on the condition that [`Attempts::decide`] says [`Decision::Count`], said in the store's terms.
fn counted(budget: &Budget, network_refused: Option<i64>, now: i64) -> Change {
    let mut change = Change::default();
    let own = change.name(names::attempts(budget.key()));
    let own_at = change.name(names::attempted_at(budget.key()));
    let (one, none, time) = (change.number(1), change.number(0), change.number(now));
    let day = change.number(now.saturating_sub(DAY_MILLIS));
    let schedule = Schedule::new(&mut change, now);
    let own_waits = schedule.is_over(&own, &own_at);
    let strangers_wait = schedule.is_over(names::ATTEMPTS, names::ATTEMPTED_AT);
    let longest = change.number(now.saturating_sub(CAP_MILLIS));
    let in_a_row = names::IN_A_ROW;
    let too_many = change.number(MAX_IN_A_ROW);
    let by_own = format!(
        "attribute_not_exists({own}) OR ({own_at} > {day} AND ({own_waits}) AND (attribute_not_exists({in_a_row}) OR {in_a_row} < {too_many} OR \
         {own_at} <= {longest}))"
    );
    change.set(format!("{own} = if_not_exists({own}, {none}) + {one}"));
    change.set(format!("{own_at} = {time}"));
    change.set(format!("{in_a_row} = if_not_exists({in_a_row}, {none}) + {one}"));
    if budget.is_device() {
        change.when(by_own);
        return change;
    }
    let logged_in = change.name(names::logged_in_at(budget.network()));
    let weight = change.name(names::weight(budget.network()));
    let remembered = change.number(now.saturating_sub(REMEMBERED_MILLIS));
    let mut condition = format!("{logged_in} > {remembered} AND ({by_own})");
    if network_refused.is_none() {
        let (attempts, attempted_at) = (names::ATTEMPTS, names::ATTEMPTED_AT);
        let most = change.number(MAX_STRANGERS);
        // DynamoDB rejects two pairs of parentheses around one condition.
        condition = format!(
            "({condition}) OR (attribute_not_exists({logged_in}) AND (attribute_not_exists({attempts}) OR {attempts} < {one} OR ({attempted_at} > {day} \
             AND {attempts} < {most} AND ({strangers_wait}))))"
        );
    }
    change.when(condition);
    change.set(format!(
        "{attempts} = if_not_exists({attempts}, {none}) + if_not_exists({weight}, {one})",
        attempts = names::ATTEMPTS
    ));
    change.set(format!("{} = {time}", names::ATTEMPTED_AT));
    change
}

/// The waits in the store's terms.
struct Schedule {
    /// From how many failures on, and the latest last attempt that has waited for long enough.
    steps: Vec<(String, String)>,
}

impl Schedule {
    fn new(change: &mut Change, now: i64) -> Self {
        let steps = WAITS
            .iter()
            .map(|(failures, wait)| (change.number(*failures), change.number(now.saturating_sub(*wait))));
        Self {
            steps: steps.collect(),
        }
    }

    /// Returns the condition that the wait of a counter is over.
    fn is_over(&self, attempts: &str, at: &str) -> String {
        let mut clauses = Vec::new();
        let mut waited: Option<&String> = None;
        for (failures, latest) in &self.steps {
            clauses.push(match waited {
                None => format!("{attempts} < {failures}"),
                Some(waited) => format!("({attempts} < {failures} AND {at} <= {waited})"),
            });
            waited = Some(latest);
        }
        if let Some(longest) = waited {
            clauses.push(format!("{at} <= {longest}"));
        }
        clauses.join(" OR ")
    }
}

/// Replaces attributes, on condition that those that change are as they were read.
fn replaced(before: &BTreeMap<String, i64>, after: &BTreeMap<String, i64>) -> Change {
    let mut change = Change::default();
    for (name, value) in after {
        if before.get(name) != Some(value) {
            let (name, value) = (change.name(name), change.number(*value));
            change.set(format!("{name} = {value}"));
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        let name = change.name(name);
        change.remove(name);
    }
    let changed = before
        .iter()
        .filter(|(name, value)| after.get(*name) != Some(value));
    for (name, value) in changed {
        let (name, read) = (change.name(name), change.number(*value));
        // An attribute that is absent reads as 0.
        let absent = if *value == 0 {
            format!(" OR attribute_not_exists({name})")
        } else {
            String::new()
        };
        change.when(format!("{name} = {read}{absent}"));
    }
    change
}

/// Writes what a success clears and remembers.
pub(super) fn clear(change: &mut Change, clearing: &Clearing) {
    let zero = change.number(0);
    let now = change.number(clearing.now);
    let network = change.name(names::logged_in_at(&clearing.network));
    change.set(format!("{network} = {now}"));
    let weight = change.name(names::weight(&clearing.network));
    change.set(format!("{weight} = {zero}"));
    change.set(format!("{} = {zero}", names::IN_A_ROW));
    if clearing.of_strangers > 0 {
        let own = change.number(clearing.of_strangers);
        change.set(format!(
            "{0} = if_not_exists({0}, {zero}) - {own}",
            names::ATTEMPTS
        ));
    }
    if let Some((own, before)) = clearing.restored {
        let (own, before) = (change.number(own), change.number(before));
        change.when(format!("{} = {own}", names::ATTEMPTED_AT));
        change.set(format!("{} = {before}", names::ATTEMPTED_AT));
    }
    for key in &clearing.forgotten {
        for name in [names::attempts(key), names::attempted_at(key)] {
            let name = change.name(name);
            change.remove(name);
        }
    }
    for key in &clearing.left {
        for name in [names::logged_in_at(key), names::weight(key)] {
            let name = change.name(name);
            change.remove(name);
        }
    }
}
