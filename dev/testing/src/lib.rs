//! What the tests of several crates need, and no deployed function does.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and its panic says where"
)]

pub mod clock;
pub mod deployment;
pub mod event;
pub mod events;
pub mod fault_proxy;
pub mod forge;
pub mod own_table;
pub mod rings;
pub mod rotation;
pub mod runtime_api;
pub mod secrets_manager;
pub mod table;
pub mod tls;
