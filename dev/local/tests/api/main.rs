//! The service from outside: HTTP against `cargo dev`'s own server, or against the deployed stack that `LATCHKEY_URL` names
//! (`docs/emulator.md`). A test named `t_01_…` shows the statement T-01 of the list of requirements (`docs/conformance.md`).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access_token;
mod account_races;
mod accounts;
mod api_keys;
mod cors;
mod deployed;
mod docs;
mod edge;
mod events;
mod example;
mod flood;
mod gateway;
mod json_body;
mod log_in;
mod mail;
mod me;
mod oauth;
mod odd;
mod pages;
mod program;
mod refresh;
mod register;
mod rotation;
mod running;
mod sessions;
mod store;
mod token;
mod well_known;
