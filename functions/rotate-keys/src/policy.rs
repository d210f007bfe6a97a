//! The dates of new keys, and what a rotation or an emergency makes of a ring: here it is decided that no verifier meets a key
//! that it could not have fetched. `docs/keys.md` draws it.

use std::collections::BTreeSet;

use shared::app::App;
use shared::clock::Timestamp;
use shared::config::LeadConfig;
use shared::error::Error;
use shared::keys::{Kind, SigningKey};
use shared::published::Published;
use shared::ring::{Dates, Ring, RingKey};

/// A ring's document must fit a secret's 64 KiB; an RSA key takes 2.
const MOST_KEYS: usize = 24;

/// Stands for every key there is, in the place of an id.
pub const EVERY_KEY: &str = "*";

/// How keys are made and how long each part of their life is.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The kind of new keys.
    pub kind: Kind,
    /// How long a key is published before it signs, and after the last token that it signed has ended; in seconds.
    pub lead: u32,
    /// How often a new key is made, in seconds. A key signs for twice as long, so that a rotation may fail for once.
    pub rotation: u32,
    /// How long an access token lives, in seconds.
    pub token_life: u32,
}

impl Policy {
    /// As configured.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] in a function whose needs do not name all of it.
    pub fn of(app: &App) -> Result<Self, Error> {
        let rotation = app.rotation()?;
        Ok(Self {
            kind: rotation.kind,
            lead: app.lead()?.seconds,
            rotation: rotation.seconds,
            token_life: app.access_token_seconds()?,
        })
    }

    /// The ring after a rotation: the next key signs as soon as it has been published for the lead, and there is a new next one.
    /// A ring without any key that counts gets two; the first signs at once, since nobody has fetched anything yet, or what was
    /// fetched has no key left.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where no key can be made, or where the ring has too many: they leave by their dates.
    pub fn rotated(&self, ring: Ring, published: &Published, now: Timestamp) -> Result<Ring, Error> {
        let mut ring = remaining(ring, published, now);
        if ring.keys.is_empty() {
            ring.keys.push(self.key(now, now)?);
        } else if let Some(next) = newest(&mut ring).filter(|next| now < next.dates.signs_from)
            && let Some(published_at) = published.published_at(next.key.kid())
        {
            let ready = published_at.plus(self.lead).max(now);
            next.dates.signs_from = next.dates.signs_from.min(ready);
        }
        self.with_next(ring, now)
    }

    /// The ring without keys that were compromised. If no other one signs, the next one does at once, whether verifiers have it or
    /// not.
    ///
    /// # Errors
    ///
    /// As [`Policy::rotated`].
    fn without(&self, ring: Ring, published: &Published, now: Timestamp) -> Result<Ring, Error> {
        let mut ring = remaining(ring, published, now);
        if ring.signer(now, self.reach()).is_none() {
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
        if ring.keys.iter().any(|ring_key| now < ring_key.dates.signs_from) {
            Ok(ring)
        } else {
            self.with_next(ring, now)
        }
    }

    /// What an emergency makes of ring and publication: both without the keys of `kids`, which do not come back before the last of
    /// them would have left.
    ///
    /// # Errors
    ///
    /// As [`Policy::rotated`].
    pub fn emergency(
        &self,
        ring: Ring,
        published: &Published,
        kids: &[String],
        now: Timestamp,
    ) -> Result<(Ring, Published), Error> {
        // No key that there is now lives longer than a new one.
        let forget_at = self.dates(now, now.plus(self.lead.max(self.rotation))).drop_at;
        let published = kids.iter().fold(published.clone(), |published, kid| {
            published.without(kid, forget_at)
        });
        let ring = self.without(ring, &published, now)?;
        let published = published.with(&ring, now);
        Ok((ring, published))
    }

    /// Adds a key that signs once the newest one has done so for the time of a rotation, or has to end, and has been published for
    /// the lead.
    fn with_next(&self, mut ring: Ring, now: Timestamp) -> Result<Ring, Error> {
        if ring.keys.len() >= MOST_KEYS {
            return Err(Error::internal(
                "the ring",
                format!("it has {MOST_KEYS} keys; rotate again when some have left by their dates"),
            ));
        }
        let turn = newest(&mut ring).map_or(now, |RingKey { dates, .. }| {
            // The times may have been changed since it was made.
            let last = Timestamp::from_unix(dates.drop_at.unix() - i64::from(self.reach()));
            let end = dates.signs_until.min(last);
            dates.signs_from.plus(self.rotation).min(end)
        });
        ring.keys.push(self.key(now, turn.max(now.plus(self.lead)))?);
        Ok(ring)
    }

    /// How long after a signature its key must still be published, in seconds: as `token` reckons.
    #[must_use]
    pub fn reach(&self) -> u32 {
        let lead = LeadConfig { seconds: self.lead };
        lead.reach_seconds(self.token_life)
    }

    /// Which keys of rings and publication an emergency names: the one of this id, or all for [`EVERY_KEY`]. None where it was
    /// dropped before, so that an emergency can be repeated.
    ///
    /// # Errors
    ///
    /// The rule that an unknown id breaks.
    pub fn named(kid: &str, rings: &[&Ring], published: &Published) -> Result<Vec<String>, &'static str> {
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

    fn key(&self, made_at: Timestamp, signs_from: Timestamp) -> Result<RingKey, Error> {
        let key =
            SigningKey::generate(self.kind).map_err(|error| Error::internal("the key", error.to_string()))?;
        Ok(RingKey {
            key,
            dates: self.dates(made_at, signs_from),
        })
    }

    fn dates(&self, made_at: Timestamp, signs_from: Timestamp) -> Dates {
        let signs_until = signs_from.plus(self.rotation).plus(self.rotation);
        Dates {
            made_at,
            signs_from,
            signs_until,
            drop_at: signs_until.plus(self.reach()),
        }
    }

    /// Whether a ring may follow another: it has lost nothing of it but what was compromised, brings nothing of that back, and
    /// would sign by nothing new that has not been published for the lead.
    ///
    /// # Errors
    ///
    /// The rule that it breaks.
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
            if !is_known && !is_first && dates.signs_from < now.plus(self.lead) {
                return Err("it has a key that would sign too soon after it is published");
            }
        }
        Ok(())
    }
}

/// The keys that count: neither past their dates nor compromised, which an older version of a secret may bring back.
fn remaining(mut ring: Ring, published: &Published, now: Timestamp) -> Ring {
    ring.keys
        .retain(|RingKey { key, dates }| now < dates.drop_at && !published.is_compromised(key.kid()));
    ring
}

fn newest(ring: &mut Ring) -> Option<&mut RingKey> {
    ring.keys
        .iter_mut()
        .max_by_key(|ring_key| ring_key.dates.signs_from)
}
