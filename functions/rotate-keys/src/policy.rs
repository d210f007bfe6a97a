//! The dates of new keys, and what a rotation or an emergency makes of a ring: here it is decided that no verifier meets a key
//! that it could not have fetched. `docs/keys.md` draws it.

use shared::app::App;
use shared::clock::Timestamp;
use shared::error::Error;
use shared::keys::{Kind, SigningKey};
use shared::published::Published;
use shared::ring::{Dates, Ring, RingKey};

/// A ring's document must fit a secret's 64 KiB; an RSA key takes 2.
const MOST_KEYS: usize = 24;

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
    /// A ring without any key gets two; the first signs at once, since nobody has fetched anything yet.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where no key can be made, or where the ring has too many: they leave by their dates.
    pub fn rotated(&self, ring: Ring, published: &Published, now: Timestamp) -> Result<Ring, Error> {
        if ring.keys.is_empty() {
            let first = self.key(now, now)?;
            return self.with_next(Ring { keys: vec![first] }, now);
        }
        let mut ring = pruned(ring, now);
        if let Some(next) = newest(&mut ring).filter(|next| now < next.dates.signs_from)
            && let Some(published_at) = published.published_at(next.key.kid())
        {
            let ready = published_at.plus(self.lead).max(now);
            next.dates.signs_from = next.dates.signs_from.min(ready);
        }
        self.with_next(ring, now)
    }

    /// The ring without a key that was compromised, which signs at once by another one, whether verifiers have that or not.
    ///
    /// # Errors
    ///
    /// As [`Policy::rotated`].
    pub fn without(&self, ring: Ring, kid: &str, now: Timestamp) -> Result<Ring, Error> {
        let mut ring = pruned(ring, now);
        ring.keys.retain(|ring_key| ring_key.key.kid() != kid);
        let signs = |dates: &Dates| dates.signs_from <= now && now < dates.signs_until;
        if !ring.keys.iter().any(|ring_key| signs(&ring_key.dates)) {
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

    /// Adds a key that signs once the newest one has done so for the time of a rotation, and has been published for the lead.
    fn with_next(&self, mut ring: Ring, now: Timestamp) -> Result<Ring, Error> {
        if ring.keys.len() >= MOST_KEYS {
            return Err(Error::internal(
                "the ring",
                format!("it has {MOST_KEYS} keys; rotate again when some have left by their dates"),
            ));
        }
        let turn = newest(&mut ring).map_or(now, |newest| newest.dates.signs_from.plus(self.rotation));
        ring.keys.push(self.key(now, turn.max(now.plus(self.lead)))?);
        Ok(ring)
    }

    fn key(&self, made_at: Timestamp, signs_from: Timestamp) -> Result<RingKey, Error> {
        let key =
            SigningKey::generate(self.kind).map_err(|error| Error::internal("the key", error.to_string()))?;
        let signs_until = signs_from.plus(self.rotation).plus(self.rotation);
        let dates = Dates {
            made_at,
            signs_from,
            signs_until,
            drop_at: signs_until.plus(self.token_life).plus(self.lead),
        };
        Ok(RingKey { key, dates })
    }

    /// Whether a ring may follow another: it has lost nothing of it, brings back nothing that was compromised, and would sign by
    /// nothing that has not been published for the lead.
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
        for ring_key in &current.keys {
            if now < ring_key.dates.drop_at && !next.contains(ring_key.key.kid()) {
                return Err("it lacks a key of the current ring");
            }
        }
        for RingKey { key, dates } in &next.keys {
            if published.is_compromised(key.kid()) {
                return Err("it has a key that was compromised");
            }
            let is_first = current.keys.is_empty() && dates.signs_from == dates.made_at;
            let in_time = dates.signs_from >= now.plus(self.lead);
            if !published.contains(key.kid()) && !is_first && !in_time {
                return Err("it has a key that would sign too soon after it is published");
            }
        }
        Ok(())
    }
}

fn pruned(mut ring: Ring, now: Timestamp) -> Ring {
    ring.keys.retain(|ring_key| now < ring_key.dates.drop_at);
    ring
}

fn newest(ring: &mut Ring) -> Option<&mut RingKey> {
    ring.keys
        .iter_mut()
        .max_by_key(|ring_key| ring_key.dates.signs_from)
}
