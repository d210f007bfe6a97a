//! What two functions of Latchkey need: password hashing, JWTs and their keys, the user and its store, the errors and
//! their HTTP shape, the configuration, and the way a handler is called.
//!
//! A function crate owns its endpoint; it takes an [`app::App`] and a request and returns a response or an
//! [`error::Error`]. [`lambda::answer`] is the one caller of handlers: the Lambda runtime, the local server and the tests
//! all go through it.

pub mod app;
pub mod aws;
pub mod bearer;
pub mod clock;
pub mod config;
pub mod error;
pub mod form;
pub mod http;
mod imported_hash;
mod item;
pub mod json;
pub mod jwt;
pub mod keys;
pub mod lambda;
pub mod missing;
pub mod names;
pub mod openapi;
pub mod password;
pub mod public_keyring;
pub mod published;
pub mod random;
pub mod ring;
pub mod rule;
#[cfg(feature = "signing")]
pub mod secrets;
#[cfg(feature = "signing")]
pub mod signing_keyring;
pub mod store;
mod store_client;
pub mod user;
