//! Sessions: what a log-in begins, how its refresh tokens follow one another, and what ends it.
//!
//! This folder has the decisions and the encoding of their part of the user's item, and knows no client; `users/store/sessions.rs`
//! writes what is decided here. `docs/sessions.md` draws a session's life.

mod decision;
#[cfg(feature = "signing")]
mod policy;
#[cfg(feature = "signing")]
mod refresh_token;
mod session;

pub use decision::{LogIn, Presented, Verdict, log_in, verdict};
#[cfg(feature = "signing")]
pub use policy::Policy;
#[cfg(feature = "signing")]
pub use refresh_token::RefreshToken;
pub use session::{Digest, Rotation, SALT_BYTES, Session, Sessions, SessionsState};

pub(crate) use decision::window_millis;
pub(crate) use session::{decode, expiry};
