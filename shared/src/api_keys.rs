//! API keys: what long-lived programs prove themselves by instead of a token.
//!
//! This folder has their text and their part of the table, and knows no client; `users/store/api_keys.rs` reads and writes them, since a key
//! is worth what its owner is.

mod api_key;
mod text;

pub use api_key::{ApiKey, ApiKeys, MAX_API_KEYS};
pub use text::{IssuedKey, PresentedKey, prefix};

pub(crate) use api_key::{KEYS, LAST_USED_AT, USE_SECONDS, decode, item_key};
