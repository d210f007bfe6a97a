//! How long sessions live, and how many there may be.

use super::session::{Rotation, Session};
use crate::clock::Timestamp;
use crate::env::{
    ENABLE_REFRESH_TOKENS, Env, EnvError, MAX_SESSIONS, REFRESH_REPLAY_SECONDS, SESSION_IDLE_SECONDS,
    SESSION_SECONDS,
};
use crate::scope::Scopes;

/// The bounds of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// For how long a refresh token is repeated, and its predecessor is replayed, in seconds.
    pub replay_seconds: u32,
    /// How long a session lives from its log-in, in seconds.
    pub session_seconds: u32,
    /// How long a session lives from its last use, in seconds.
    pub idle_seconds: u32,
    /// How many sessions a user may have.
    pub max_sessions: u32,
}

impl Policy {
    /// Reads the bounds; `None` where a log-in begins no session.
    ///
    /// # Errors
    ///
    /// [`EnvError`], also for an idle time within the window: a token in use would not be replaced before its session expires.
    pub fn read(env: &Env<'_>) -> Result<Option<Self>, EnvError> {
        let policy = Self {
            replay_seconds: env.get(&REFRESH_REPLAY_SECONDS)?,
            session_seconds: env.get(&SESSION_SECONDS)?,
            idle_seconds: env.get(&SESSION_IDLE_SECONDS)?,
            max_sessions: env.get(&MAX_SESSIONS)?,
        };
        if policy.idle_seconds <= policy.replay_seconds {
            return Err(SESSION_IDLE_SECONDS.error("must be more than REFRESH_REPLAY_SECONDS"));
        }
        Ok(env.get(&ENABLE_REFRESH_TOKENS)?.then_some(policy))
    }

    /// Returns when a session expires that is used now.
    pub fn expires_at(&self, created_at: Timestamp, now: Timestamp) -> Timestamp {
        created_at
            .plus(self.session_seconds)
            .min(now.plus(self.idle_seconds))
    }

    /// Creates the session that begins with its first refresh token.
    pub fn begin(
        &self,
        rotation: Rotation,
        ip: Option<String>,
        user_agent: Option<String>,
        scopes: Scopes,
    ) -> Session {
        let now = Timestamp::from_millis(rotation.rotated_at);
        Session {
            created_at: now,
            expires_at: self.expires_at(now, now),
            rotation,
            ip,
            user_agent,
            scopes,
        }
    }
}
