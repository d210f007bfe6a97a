//! The rules of `shared`, each with the real libraries and the real engine.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod addresses;
mod chosen_password;
mod client;
mod clients;
mod env;
mod hasher;
mod imported;
mod keys;
mod password;
mod store;
mod trust;
mod user;
