//! The driver of whole rotations and of emergencies, whichever program runs them: the Lambda, `cargo dev` or a command line.
//! Secrets Manager runs a rotation in four steps: `functions/rotate-keys` has those, by the same rules.
//!
//! Always the keys are published first, and the ring that signs by them follows.

use super::lifecycle::Lifecycle;
use super::next_ring::{named, with_secrets};
use super::published::Published;
use super::published_store::{PublishedStore, Versioned};
use super::ring::Ring;
use super::ring_store::{Change, RingStore};
use crate::clock::{Clock, Timestamp};
use crate::env::Env;
use crate::error::Error;
use crate::function::StartError;
use crate::table::Table;

/// What a rotation may touch.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The private keys.
    pub ring: RingStore,
    /// The published keys.
    pub published: PublishedStore,
    /// The kind of new keys and the lengths of their lives.
    pub lifecycle: Lifecycle,
    /// The time.
    pub clock: Clock,
}

impl Rotation {
    /// Creates the clients; sends nothing.
    pub async fn connect(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        Ok(Self {
            published: PublishedStore::new(Table::connect(env).await?),
            ring: RingStore::connect(env).await?,
            lifecycle: Lifecycle::read(env)?,
            clock: clock.clone(),
        })
    }

    /// Makes the first ring if no key may sign, and publishes what is not published. Where all keys have expired, or the lengths
    /// were shortened so much that no key may sign, the ring begins anew: for a laptop, where no verifier has cached the old one. A
    /// ring without a session key that seals or without a key of names, such as one of an earlier version, gets one.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] or [`Error::Internal`]; it can be repeated.
    pub async fn ensure_ring(&self) -> Result<(), Error> {
        let mut change = self.ring.change().await?;
        let now = self.clock.now();
        let published = self.published.read().await?;
        let current = std::mem::take(&mut change.current);
        let may_sign = current.signer(now, self.lifecycle.reach_seconds()).is_some();
        if may_sign && current.session_key(now).is_some() && current.names_key.is_some() {
            let next = published.value.with(&current, now);
            return self.published.replace(&published, &next, now).await;
        }
        let ring = if may_sign {
            with_secrets(current, now)?
        } else {
            let without_keys = Ring {
                keys: Vec::new(),
                ..current
            };
            self.lifecycle.rotated(without_keys, &published.value, now)?
        };
        let next = published.value.with(&ring, now);
        self.finish(change, &published, &next, &ring, now).await
    }

    /// Makes and publishes the next key, then replaces the ring. A rotation of Secrets Manager under way is given up.
    pub async fn rotate(&self) -> Result<(), Error> {
        let mut change = self.ring.change().await?;
        let now = self.clock.now();
        let published = self.published.read().await?;
        let current = std::mem::take(&mut change.current);
        let ring = self.lifecycle.rotated(current, &published.value, now)?;
        change.give_up_pending().await?;
        let next = published.value.with(&ring, now);
        self.finish(change, &published, &next, &ring, now).await
    }

    /// Removes compromised keys from ring and published keys at once: the one of this id, or all for
    /// `*`. It may be repeated, and must be where it failed half-way.
    ///
    /// # Errors
    ///
    /// As [`Rotation::ensure_ring`]; [`Error::Internal`] for an unknown id.
    pub async fn drop_compromised(&self, kid: &str) -> Result<(), Error> {
        let mut change = self.ring.change().await?;
        let now = self.clock.now();
        let published = self.published.read().await?;
        let kids = named(kid, &[&change.current, &change.pending], &published.value)
            .map_err(|rule| Error::internal("the emergency", rule))?;
        if kids.is_empty() {
            return Ok(());
        }
        // A pending ring has the key, or lacks the one that is made here.
        change.give_up_pending().await?;
        let current = std::mem::take(&mut change.current);
        let (ring, next) = self
            .lifecycle
            .after_emergency(current, &published.value, &kids, now)?;
        self.finish(change, &published, &next, &ring, now).await
    }

    /// Publishes the keys, then makes the ring that signs by them the one in use.
    async fn finish(
        &self,
        change: Change<'_>,
        published: &Versioned<Published>,
        next: &Published,
        ring: &Ring,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.published.replace(published, next, now).await?;
        change.commit(ring, now).await
    }
}
