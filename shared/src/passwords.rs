//! Passwords: which are accepted, how they are hashed, and how stored hashes are verified.

mod argon2;
mod budget;
#[cfg(feature = "choosing")]
mod choosing;
#[cfg(feature = "choosing")]
mod common;
#[cfg(feature = "choosing")]
mod context;
mod hasher;
mod imported;
mod password;
mod queue;
mod stored_hash;

pub use argon2::HashCost;
pub use budget::LogInBudget;
#[cfg(feature = "choosing")]
pub use choosing::PasswordRule;
#[cfg(feature = "choosing")]
pub use common::{common_password_key, is_common};
pub use hasher::Hasher;
pub use password::Password;
pub use queue::{MAX_WAIT, MAX_WAITING, Turn};
pub use stored_hash::{StoredHash, Verdict};
