//! What two functions of Latchkey need. A function crate owns its endpoint; everything here has a second user.
//!
//! The modules below stand in layers. A module imports from the layers above it in this list and from no other; a test enforces
//! that.

pub mod clock;
pub mod error;
pub mod unicode;

pub mod env;
pub mod http;
pub mod random;

#[cfg(feature = "table")]
pub mod aws;
pub mod function;
pub mod openapi;

pub mod lambda;
pub mod passwords;
#[cfg(feature = "table")]
pub mod table;

#[cfg(feature = "table")]
pub mod keys;
pub mod users;

#[cfg(feature = "table")]
pub mod tokens;

#[cfg(feature = "table")]
pub mod authenticate;
