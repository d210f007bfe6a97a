//! The embedded DynamoDB of tests and of `cargo dev`.
//!
//! [`Engine`] serves the DynamoDB API on a loopback port, with SQLite inside, and creates the tables of a
//! [`sam_template::Template`]. A test, `cargo dev` and the deployed stack so share one definition of every table, and
//! the code under test talks to it through the real AWS SDK.

mod engine;

pub use engine::{Engine, EngineError};
