//! The claims of an access token.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// How far clocks may differ, in seconds.
pub const LEEWAY_SECONDS: i64 = 60;

/// The claims of an access token (RFC 9068 section 2.2). Nothing personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it: configuration, byte for byte. One string: an array is rejected.
    pub iss: String,
    /// For whom it is. One string, too.
    pub aud: String,
    /// The user's id.
    pub sub: String,
    /// The client that got it.
    pub client_id: String,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it expires.
    pub exp: i64,
    /// When the user gave a password; absent from a client's own token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The token's own id.
    pub jti: String,
    /// The session's id; absent where log-ins begin none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Absent where nothing was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Never issued, checked where present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
}

/// Stands between the unique part of a `jti` and a generation; no ULID has it.
pub(super) const GENERATION_MARK: char = '-';

impl Claims {
    /// Returns the generation of the credentials that a token without a session is of: the first where it names none.
    pub fn credential_generation(&self) -> Option<u64> {
        match self.jti.split_once(GENERATION_MARK) {
            Some((_, generation)) => generation.parse().ok(),
            None => Some(0),
        }
    }

    /// Reports whether a client got the token for itself: it has no time of a log-in.
    pub fn is_of_client(&self) -> bool {
        self.auth_time.is_none()
    }

    /// Reports whether the times allow the token now, give or take [`LEEWAY_SECONDS`].
    pub(super) fn is_current(&self, now: Timestamp) -> bool {
        let now = now.unix();
        let latest_start = now.saturating_add(LEEWAY_SECONDS);
        self.exp.saturating_add(LEEWAY_SECONDS) > now
            && self.iat <= latest_start
            && self.nbf.is_none_or(|nbf| nbf <= latest_start)
    }

    /// Reports whether the token's life is one that a deployment with this life issues, or issued before it was made longer.
    pub(super) fn lives_at_most(&self, seconds: u32) -> bool {
        (1..=i64::from(seconds)).contains(&self.exp.saturating_sub(self.iat))
    }
}
