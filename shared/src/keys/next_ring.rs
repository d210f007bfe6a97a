//! How a rotation or an emergency changes a ring. These rules keep every verifier from meeting a key that it could not have
//! fetched.

use std::collections::BTreeSet;

use super::key::SigningKey;
use super::lifecycle::Lifecycle;
use super::names_key::NamesKey;
use super::published::Published;
use super::ring::{Ring, RingKey};
use super::session_key::SessionKey;
use crate::clock::Timestamp;
use crate::error::Error;

/// The most keys of a ring, and the most session keys: its document must fit a secret's 64 KiB, and an RSA key needs 2.
const MOST_KEYS: usize = 24;

/// Stands for every key, in the place of an id.
const EVERY_KEY: &str = "*";

impl Lifecycle {
    /// Returns the ring after a rotation: the next key signs as soon as it has been published for the lead, and there is a new next
    /// one. A ring without any key that counts gets two; the first signs at once, since no verifier has fetched anything yet, or what
    /// was fetched has no key left. One session key is added, which seals from the turn of the new next key on, or at once where none
    /// seals; a ring with too many is left with those that it has.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where no key can be generated, or where the ring has too many: they leave by their dates.
    pub fn rotated(&self, ring: Ring, published: &Published, now: Timestamp) -> Result<Ring, Error> {
        let mut ring = self.remaining(ring, published, now);
        if ring.keys.is_empty() {
            ring.keys.push(self.key(now, now)?);
        } else if let Some(next) = newest(&mut ring).filter(|next| now < next.dates.signs_from)
            && let Some(published_at) = published.published_at(next.key.kid())
        {
            let ready = published_at.plus(self.lead.seconds).max(now);
            next.dates.signs_from = next.dates.signs_from.min(ready);
        }
        let mut ring = self.with_next(ring, now)?;
        let turn = ring.keys.last().map_or(now, |next| next.dates.signs_from);
        if ring.session_key(now).is_some() && ring.session_keys.len() < MOST_KEYS {
            ring.session_keys.push(SessionKey::generate(turn)?);
        }
        with_secrets(ring, now)
    }

    /// Returns ring and published keys after an emergency: both without the keys of `kids`, which do not come back before the last
    /// of them would have left. If no other key signs, the next one does at once, whether verifiers have it or not. If no session key
    /// seals, a new one does; where one was dropped, the key of names is a new one, too.
    pub fn after_emergency(
        &self,
        mut ring: Ring,
        published: &Published,
        kids: &[String],
        now: Timestamp,
    ) -> Result<(Ring, Published), Error> {
        let forget_at = self.forget_at(now);
        let published = kids.iter().fold(published.clone(), |published, kid| {
            published.without(kid, forget_at)
        });
        if ring
            .session_keys
            .iter()
            .any(|key| kids.iter().any(|kid| kid == key.kid()))
        {
            // Who has one secret of the ring that no one else has, may have this one.
            ring.names_key = None;
        }
        let mut ring = self.remaining(ring, &published, now);
        if ring.signer(now, self.reach_seconds()).is_none() {
            // The key that has been published for longest is in the most caches.
            match ring
                .keys
                .iter_mut()
                .find(|ring_key| now < ring_key.dates.signs_from)
            {
                Some(next) => next.dates.signs_from = now,
                None => ring.keys.push(self.key(now, now)?),
            }
        }
        if !ring.keys.iter().any(|ring_key| now < ring_key.dates.signs_from) {
            ring = self.with_next(ring, now)?;
        }
        let ring = with_secrets(ring, now)?;
        let published = published.with(&ring, now);
        Ok((ring, published))
    }

    /// Checks that a ring may follow another: it lacks only keys that were compromised or have expired, brings no compromised key
    /// back, and signs by no new key that has not been published for the lead. A new session key has been in the ring for the lead
    /// before it seals, unless there is no other.
    pub fn check(
        &self,
        next: &Ring,
        current: &Ring,
        published: &Published,
        now: Timestamp,
    ) -> Result<(), &'static str> {
        let counts = |ring_key: &&RingKey| {
            now < ring_key.dates.drop_at && !published.is_compromised(ring_key.key.kid())
        };
        let is_first_ring = !current.keys.iter().any(|ring_key| counts(&ring_key));
        for ring_key in current.keys.iter().filter(counts) {
            if !next.contains(ring_key.key.kid()) {
                return Err("it lacks a key of the current ring");
            }
        }
        for RingKey { key, dates } in &next.keys {
            if published.is_compromised(key.kid()) {
                return Err("it has a key that was compromised");
            }
            // What the current ring has may be missing where the table was lost: to publish it can only help.
            let is_known = published.contains(key.kid()) || current.contains(key.kid());
            let is_first = is_first_ring && dates.signs_from == dates.made_at;
            if !is_known && !is_first && dates.signs_from < now.plus(self.lead.seconds) {
                return Err("it has a key that would sign too soon after it is published");
            }
        }
        let counting = self.counting(current, published, now);
        if counting.iter().any(|key| !next.contains(key.kid())) {
            return Err("it lacks a session key of the current ring");
        }
        if current.names_key.is_some() && next.names_key.is_none() {
            return Err("it lacks the key of names");
        }
        for key in &next.session_keys {
            if published.is_compromised(key.kid()) {
                return Err("it has a session key that was compromised");
            }
            let is_first = !counting.iter().any(|other| other.signs_from <= key.signs_from);
            let may_seal = current.contains(key.kid()) || is_first;
            if !may_seal && key.signs_from < now.plus(self.lead.seconds) {
                return Err("it has a session key that would seal too soon");
            }
        }
        Ok(())
    }

    /// Keeps the keys that count: neither past their dates nor compromised, which an older version of a secret may bring back.
    fn remaining(&self, mut ring: Ring, published: &Published, now: Timestamp) -> Ring {
        ring.keys
            .retain(|RingKey { key, dates }| now < dates.drop_at && !published.is_compromised(key.kid()));
        ring.session_keys = self.counting(&ring, published, now);
        ring
    }

    /// Returns the session keys that count: those that were not compromised, and whose last session may not have ended.
    fn counting(&self, ring: &Ring, published: &Published, now: Timestamp) -> Vec<SessionKey> {
        let mut keys = ring.session_keys.clone();
        keys.retain(|key| !published.is_compromised(key.kid()));
        let starts: Vec<Timestamp> = keys.iter().map(|key| key.signs_from).collect();
        keys.retain(|key| {
            let later = starts.iter().filter(|start| **start > key.signs_from);
            later
                .min()
                .is_none_or(|successor| now < self.session_key_leaves_at(*successor))
        });
        keys
    }

    fn with_next(&self, mut ring: Ring, now: Timestamp) -> Result<Ring, Error> {
        if ring.keys.len() >= MOST_KEYS {
            return Err(Error::internal(
                "the ring",
                format!("it has {MOST_KEYS} keys; rotate again when some have left by their dates"),
            ));
        }
        let turn = self.turn_after(newest(&mut ring).map(|ring_key| &ring_key.dates), now);
        ring.keys.push(self.key(now, turn)?);
        Ok(ring)
    }

    fn key(&self, made_at: Timestamp, signs_from: Timestamp) -> Result<RingKey, Error> {
        let key =
            SigningKey::generate(self.kind).map_err(|error| Error::internal("the key", error.to_string()))?;
        Ok(RingKey {
            key,
            dates: self.dates(made_at, signs_from),
        })
    }
}

/// Returns the ids of the keys that an emergency names, of rings and published keys: the one of this id, or all for
/// [`EVERY_KEY`]. Returns none where it was dropped before, so that an emergency can be repeated.
///
/// # Errors
///
/// The rule that an unknown id breaks.
pub(super) fn named(kid: &str, rings: &[&Ring], published: &Published) -> Result<Vec<String>, &'static str> {
    let known: BTreeSet<&str> = rings
        .iter()
        .flat_map(|ring| ring.kids())
        .chain(published.kids())
        .filter(|known| kid == EVERY_KEY || *known == kid)
        .collect();
    if known.is_empty() && !published.is_compromised(kid) {
        return Err("no key has this kid");
    }
    Ok(known.into_iter().map(str::to_owned).collect())
}

/// Gives a ring what no verifier depends on: a session key that seals now, and a key of names.
pub(super) fn with_secrets(mut ring: Ring, now: Timestamp) -> Result<Ring, Error> {
    if ring.session_key(now).is_none() {
        ring.session_keys.push(SessionKey::generate(now)?);
    }
    if ring.names_key.is_none() {
        ring.names_key = Some(NamesKey::generate()?);
    }
    Ok(ring)
}

fn newest(ring: &mut Ring) -> Option<&mut RingKey> {
    ring.keys
        .iter_mut()
        .max_by_key(|ring_key| ring_key.dates.signs_from)
}
