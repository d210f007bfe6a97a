//! Sessions as their user sees them.

use serde::Serialize;
use shared::clock::Timestamp;
use shared::sessions::Sessions;
use utoipa::ToSchema;

/// One's own sessions, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList(Vec<OwnSession>);

/// A session; nothing of its refresh tokens is in this type.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnSession {
    /// Opaque; the claim `sid` of its access tokens.
    #[schema(examples("01KAY2Z3M4N5P6Q7R8S9T0V1W2"))]
    pub(crate) id: String,
    /// When its user logged in.
    pub(crate) created_at: Timestamp,
    /// When its newest refresh token was issued: a use within the window is not counted.
    pub(crate) last_used_at: Timestamp,
    /// When it expires, unless it is used before and is not too old.
    pub(crate) expires_at: Timestamp,
    /// The beginning of the log-in's `User-Agent`.
    #[schema(required)]
    pub(crate) user_agent: Option<String>,
    /// The address that its user logged in from.
    #[schema(required)]
    pub(crate) ip: Option<String>,
    /// Whether it is the session of the access token.
    pub(crate) current: bool,
}

impl SessionList {
    /// Lists the live sessions; `current` is the id of the caller's.
    pub(crate) fn new(sessions: Sessions, current: Option<&str>, now: Timestamp) -> Self {
        // Ids sort by the time of the log-in, in milliseconds.
        let newest_first = sessions.into_iter().rev();
        let live = newest_first.filter(|(_, session)| session.is_live(now));
        let list = live.map(|(id, session)| OwnSession {
            current: current == Some(&id),
            id,
            created_at: session.created_at,
            last_used_at: session.last_used_at(),
            expires_at: session.expires_at,
            user_agent: session.user_agent,
            ip: session.ip,
        });
        Self(list.collect())
    }

    /// Returns the list of the documentation's example.
    pub(crate) fn example() -> Self {
        let time = |minutes: u32| Timestamp::from_unix(1_795_466_820).plus(60 * minutes);
        Self(vec![OwnSession {
            id: "01KAY2Z3M4N5P6Q7R8S9T0V1W2".to_owned(),
            created_at: time(0),
            last_used_at: time(30),
            expires_at: time(30 + 7 * 24 * 60),
            user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox".to_owned()),
            ip: Some("203.0.113.17".to_owned()),
            current: true,
        }])
    }
}
