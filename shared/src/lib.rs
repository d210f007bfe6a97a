//! What two functions of Latchkey need. A function crate owns its endpoint; everything here has a second user.
//!
//! The modules below stand in layers. A module imports from the layers above it in this list and from no other; a test enforces
//! that.

pub mod clock;
pub mod color;
pub mod error;
pub mod events;
#[cfg(feature = "table")]
pub mod unicode;

#[cfg(feature = "table")]
pub mod digest;
pub mod env;
pub mod http;
#[cfg(feature = "table")]
pub mod random;

pub mod function;
#[cfg(feature = "table")]
pub mod scope;

#[cfg(feature = "table")]
pub mod aws;
pub mod edge;
pub mod logging;
pub mod openapi;
#[cfg(feature = "texts")]
pub mod texts;

#[cfg(feature = "table")]
pub mod label;
pub mod lambda;
#[cfg(feature = "table")]
pub mod passwords;
#[cfg(feature = "table")]
pub mod table;

#[cfg(feature = "table")]
pub mod keys;

#[cfg(feature = "table")]
pub mod api_keys;
#[cfg(feature = "table")]
pub mod mail;
#[cfg(feature = "table")]
pub mod sessions;
#[cfg(feature = "table")]
pub mod throttle;

#[cfg(feature = "table")]
pub mod clients;

#[cfg(feature = "table")]
pub mod users;

#[cfg(feature = "passwords")]
pub mod guesses;

#[cfg(feature = "table")]
pub mod tokens;

#[cfg(feature = "table")]
pub mod authenticate;
