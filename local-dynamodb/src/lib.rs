//! The embedded DynamoDB of tests and of the laptop.
//!
//! [`Engine`] serves the DynamoDB API on a loopback port, with SQLite inside, and creates the tables that
//! [`Template`] reads out of the stack's `template.yaml`. A test, `cargo dev` and the deployed stack so share one
//! definition of every table, and the code under test talks to it through the real AWS SDK.

mod engine;
mod template;

pub use engine::{Engine, EngineError};
pub use template::{Cors, Function, Route, Table, Template, TemplateError};
