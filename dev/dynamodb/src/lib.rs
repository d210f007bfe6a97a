//! The embedded DynamoDB of tests and of `cargo dev`.
//!
//! [`Engine`] serves the DynamoDB API on a loopback port, with SQLite inside, and creates the tables of a
//! [`sam_template::Template`]. So tests, `cargo dev` and the deployed stack share one definition of every table, and the
//! code under test uses the real AWS SDK.

mod engine;

pub use engine::{Engine, EngineError};
