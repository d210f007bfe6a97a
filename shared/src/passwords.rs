//! Passwords: which are accepted, how they are hashed, and how stored hashes are verified.

mod argon2;
mod hasher;
mod imported;
mod rule;
mod stored_hash;

pub use argon2::HashCost;
pub use hasher::Hasher;
pub use rule::Password;
pub use stored_hash::{StoredHash, Verdict};
