//! Passwords: which are accepted, how they are hashed, and how stored hashes are verified.

#[cfg(feature = "passwords")]
mod argon2;
#[cfg(feature = "passwords")]
mod budget;
#[cfg(feature = "choosing")]
mod choosing;
#[cfg(feature = "choosing")]
mod common;
#[cfg(feature = "choosing")]
mod context;
#[cfg(feature = "passwords")]
mod hasher;
#[cfg(feature = "passwords")]
mod imported;
#[cfg(feature = "passwords")]
mod parts;
#[cfg(feature = "passwords")]
mod password;
#[cfg(feature = "passwords")]
mod queue;
mod stored_hash;

#[cfg(feature = "passwords")]
pub use argon2::HashCost;
#[cfg(feature = "passwords")]
pub use budget::LogInBudget;
#[cfg(feature = "choosing")]
pub use choosing::PasswordRule;
#[cfg(feature = "choosing")]
pub use common::{common_password_key, is_common};
#[cfg(feature = "passwords")]
pub use hasher::Hasher;
#[cfg(feature = "passwords")]
pub use imported::{FirebaseParameters, hash_formats};
#[cfg(feature = "passwords")]
pub use parts::HashParts;
#[cfg(feature = "passwords")]
pub use password::Password;
#[cfg(feature = "passwords")]
pub use queue::{MAX_WAIT, MAX_WAITING, Turn};
pub use stored_hash::StoredHash;
#[cfg(feature = "passwords")]
pub use stored_hash::Verdict;
