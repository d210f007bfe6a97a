//! Throttling: how many attempts to log in, and how many registrations, are let through.
//!
//! This folder has the limits, the decisions and the encoding of their part of an item. `users/store/attempts.rs` and
//! `users/store/networks.rs` write what is decided here, and `guesses.rs` asks in the right order. `docs/throttling.md` explains the rules.

mod attempts;
mod budget;
mod limits;
mod networks;
mod refusals;

pub use attempts::{Attempts, Clearing, Counter, Decision};
pub use budget::Budget;
pub use networks::NetworkUse;
pub use refusals::{Refusal, Refusals, Refused};

pub(crate) use attempts::names;
pub(crate) use limits::{CAP_MILLIS, DAY_MILLIS, MAX_IN_A_ROW, MAX_STRANGERS, REMEMBERED_MILLIS, WAITS};
pub(crate) use networks::{Window, one_more};
