//! The life of a key: every time in it, and how each is derived. `docs/keys.md` draws it.

use super::key::Kind;
use super::session_key::DEVICE_SECONDS;
use crate::clock::Timestamp;
use crate::env::{
    ACCESS_TOKEN_SECONDS, Env, EnvError, KEY_KIND, KEY_LEAD_SECONDS, KEY_ROTATION_SECONDS, SESSION_SECONDS,
};

/// The maximum age of a function's own copy of ring or published keys, in seconds.
const COPY_SECONDS: u32 = 5 * 60;

/// How long a key is published before it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead {
    /// Longer than any verifier caches the JWK Set. API Gateway caches it for 2 hours.
    pub seconds: u32,
}

impl Lead {
    /// Reads the lead.
    pub fn read(env: &Env<'_>) -> Result<Self, EnvError> {
        Ok(Self {
            seconds: env.get(&KEY_LEAD_SECONDS)?,
        })
    }

    /// Returns how long a key stays published after its last signature: the token's lifetime plus the time verifiers may cache
    /// the JWK Set.
    pub fn reach_seconds(self, token_seconds: u32) -> u32 {
        token_seconds.saturating_add(self.seconds)
    }

    /// Returns the maximum age of a function's own copy of ring or published keys: five minutes, or less where the lead is shortened.
    pub fn copy_seconds(self) -> u32 {
        (self.seconds / 72).min(COPY_SECONDS)
    }

    /// Returns the `max-age` of responses that publish keys: a small part of the lead, so that a cache in front of a verifier that
    /// keeps keys for API Gateway's 2 hours leaves enough of it.
    pub fn cache_seconds(self) -> u32 {
        self.seconds / 24
    }

    /// Returns how long the steps of a rotation may take: a key that is made in the first signs no sooner than the lead after the last.
    pub fn rotation_may_take_seconds(self) -> u32 {
        self.seconds / 24
    }
}

/// The dates of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// When it was made.
    pub made_at: Timestamp,
    /// When it begins to sign: later than its publication by the lead, except for the first key of a ring.
    pub signs_from: Timestamp,
    /// When it stops signing; at this time it signs no more.
    pub signs_until: Timestamp,
    /// When it may be removed from ring and JWK Set: every token that it signed has expired by then.
    pub drop_at: Timestamp,
}

impl Dates {
    /// Reports whether the key may sign a token now, which must verify for `reach_seconds`.
    pub fn may_sign(&self, now: Timestamp, reach_seconds: u32) -> bool {
        self.signs_from <= now && now < self.signs_until && now.plus(reach_seconds) <= self.drop_at
    }

    /// Reports whether this newest key has been signing for a tenth of a rotation, and still no rotation has made another one. The
    /// schedule of a deployment gives a rotation a day.
    pub fn is_rotation_overdue(&self, now: Timestamp) -> bool {
        let rotation = (self.signs_until.unix() - self.signs_from.unix()) / 2;
        now.unix() > self.signs_from.unix() + rotation / 10
    }
}

/// The kind of new keys and the lengths of the parts of their lives.
#[derive(Clone, Copy, Debug)]
pub struct Lifecycle {
    /// The kind of new keys.
    pub kind: Kind,
    /// How long a key is published before it signs, and after its last token has expired.
    pub lead: Lead,
    /// How often a key is made. A key signs for twice as long, so that one rotation may fail.
    pub rotation_seconds: u32,
    /// How long an access token lives.
    pub token_seconds: u32,
    /// For how long a refresh token is of use: while its session lives, and then as the proof of its device.
    pub session_seconds: u32,
}

impl Lifecycle {
    /// Reads the lifecycle.
    ///
    /// # Errors
    ///
    /// [`EnvError`], also for a rotation that is shorter than the lead.
    pub fn read(env: &Env<'_>) -> Result<Self, EnvError> {
        let lead = Lead::read(env)?;
        let rotation_seconds = env.get(&KEY_ROTATION_SECONDS)?;
        if rotation_seconds < lead.seconds {
            return Err(KEY_ROTATION_SECONDS.error("must not be less than KEY_LEAD_SECONDS"));
        }
        let kind = Kind::named(env.get(&KEY_KIND)?);
        Ok(Self {
            kind: kind.ok_or_else(|| KEY_KIND.error("is not a kind of key"))?,
            lead,
            rotation_seconds,
            token_seconds: env.get(&ACCESS_TOKEN_SECONDS)?,
            session_seconds: env.get(&SESSION_SECONDS)?.max(DEVICE_SECONDS),
        })
    }

    /// Returns how long a key stays published after its last signature, in seconds.
    pub fn reach_seconds(&self) -> u32 {
        self.lead.reach_seconds(self.token_seconds)
    }

    /// Returns the dates of a key that is made now.
    pub fn dates(&self, made_at: Timestamp, signs_from: Timestamp) -> Dates {
        let signs_until = signs_from.plus(self.rotation_seconds).plus(self.rotation_seconds);
        Dates {
            made_at,
            signs_from,
            signs_until,
            drop_at: signs_until.plus(self.reach_seconds()),
        }
    }

    /// Returns when the key after `newest` signs: once that one has signed for the time of a rotation or must stop, and not before
    /// the new key has been published for the lead, which it will be by the end of this rotation.
    pub fn turn_after(&self, newest: Option<&Dates>, now: Timestamp) -> Timestamp {
        let turn = newest.map_or(now, |dates| {
            // The lengths may have changed since that key was made.
            let last = Timestamp::from_unix(dates.drop_at.unix() - i64::from(self.reach_seconds()));
            dates
                .signs_from
                .plus(self.rotation_seconds)
                .min(dates.signs_until.min(last))
        });
        let published = now.plus(self.lead.rotation_may_take_seconds());
        turn.max(published.plus(self.lead.seconds))
    }

    /// Returns when a session key leaves, whose successor seals from `successor` on: the last token that it sealed is of no
    /// use by then.
    pub fn session_key_leaves_at(&self, successor: Timestamp) -> Timestamp {
        successor.plus(self.session_seconds).plus(self.lead.seconds)
    }

    /// Returns until when a compromised key must not come back: no key that exists now lives longer than a new one.
    pub fn forget_at(&self, now: Timestamp) -> Timestamp {
        let latest_start = now.plus(self.lead.seconds.max(self.rotation_seconds));
        let dates = self.dates(now, latest_start);
        dates.drop_at.max(self.session_key_leaves_at(dates.signs_until))
    }
}
