//! Passwords: which are accepted, how they are hashed, and how stored hashes are verified.

mod argon2;
mod budget;
mod hasher;
mod imported;
mod queue;
mod rule;
mod stored_hash;

pub use argon2::HashCost;
pub use budget::LogInBudget;
pub use hasher::Hasher;
pub use queue::{MAX_WAIT, MAX_WAITING};
pub use rule::Password;
pub use stored_hash::{StoredHash, Verdict};
