//! What becomes of a refresh token that is presented, and of a log-in. Pure functions: the store's conditions say the same, and an
//! exploration of all interleavings calls them.

use super::session::{Digest, Session, Sessions, SessionsState};
use crate::clock::Timestamp;

/// A refresh token that this service sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presented {
    /// The token's digest.
    pub digest: Digest,
    /// How many tokens of its session came before it.
    pub generation: u32,
}

/// What becomes of a refresh token that is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The newest token, older than the window: a successor replaces it.
    Rotate,
    /// The newest token, within the window: the response repeats it.
    Repeat,
    /// The predecessor within the window: a second tab, or the retry after a lost response. It gets the same successor again.
    Replay,
    /// A token that was replaced longer ago: somebody else may have a copy, so the session ends (RFC 9700 section 4.14.2).
    Reuse,
    /// Two successors are newer, and the newest was issued after this request began: it may have been within the window then, so
    /// nothing ends. The client tries again, with what another tab may have got by now.
    Overtaken,
    /// The session has ended, or the table does not know this token, as after a restored backup. Nothing ends.
    Unknown,
}

/// Decides what becomes of a refresh token; `now` is in milliseconds since 1970.
pub fn verdict(session: Option<&Session>, presented: Presented, now: i64, window_seconds: u32) -> Verdict {
    let Some(session) = session.filter(|session| session.is_live(Timestamp::from_millis(now))) else {
        return Verdict::Unknown;
    };
    let rotation = &session.rotation;
    let is_within_window = now.saturating_sub(rotation.rotated_at) <= window_millis(window_seconds);
    if presented.digest == rotation.token {
        return if is_within_window {
            Verdict::Repeat
        } else {
            Verdict::Rotate
        };
    }
    if Some(presented.digest) == rotation.previous {
        return if is_within_window {
            Verdict::Replay
        } else {
            Verdict::Reuse
        };
    }
    // One of the newest two generations with another digest is of a history that a restored backup has undone.
    if presented.generation.saturating_add(1) < rotation.generation {
        if now < rotation.rotated_at {
            Verdict::Overtaken
        } else {
            Verdict::Reuse
        }
    } else {
        Verdict::Unknown
    }
}

/// Returns the window in milliseconds.
pub(crate) fn window_millis(window_seconds: u32) -> i64 {
    i64::from(window_seconds).saturating_mul(1000)
}

/// What becomes of a log-in whose password was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogIn {
    /// The session begins, and these end: the expired ones, and those used longest ago where there would be too many.
    Begin(Vec<String>),
    /// The session has begun: an earlier attempt was written and its response lost.
    Begun,
    /// The user was deleted, or the password changed since it was read.
    Refused,
    /// The user is disabled.
    Disabled,
}

/// Decides what becomes of a log-in that would begin the session `id`, by a password of `credential_generation`.
pub fn log_in(
    state: Option<&SessionsState>,
    credential_generation: u64,
    id: &str,
    max_sessions: u32,
    now: Timestamp,
) -> LogIn {
    let Some(state) = state else {
        return LogIn::Refused;
    };
    if state.disabled {
        return LogIn::Disabled;
    }
    if state.credential_generation != credential_generation {
        return LogIn::Refused;
    }
    let none = Sessions::new();
    let sessions = state.sessions.as_ref().unwrap_or(&none);
    if sessions.contains_key(id) {
        return LogIn::Begun;
    }
    let mut by_use: Vec<(&String, &Session)> = sessions.iter().collect();
    // The expired ones first, then those used longest ago.
    by_use.sort_by_key(|(_, session)| (session.is_live(now), session.rotation.rotated_at));
    let expired = by_use.iter().filter(|(_, session)| !session.is_live(now)).count();
    let max = usize::try_from(max_sessions).unwrap_or(usize::MAX);
    let surplus = (by_use.len() + 1).saturating_sub(max);
    let ended = by_use.into_iter().take(expired.max(surplus));
    LogIn::Begin(ended.map(|(id, _)| id.clone()).collect())
}
