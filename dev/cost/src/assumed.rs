//! What was neither measured nor is a price.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `assumed.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    pub(crate) lambda: Lambda,
    /// MB of memory for each function.
    pub memory_mb: BTreeMap<String, u32>,
    pub(crate) waiting_ms: Waiting,
    /// What is there also when nobody uses it.
    pub stack: Stack,
    pub(crate) storage: Storage,
    pub(crate) load: Load,
}

/// How Lambda gives and bills time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lambda {
    /// The memory that comes with one full core.
    pub(crate) full_core_mb: u32,
    pub(crate) sizes_mb: Vec<u32>,
    /// How many of the invocations are cold starts, from 0 to 1.
    pub(crate) cold_share: f64,
    pub(crate) cold_ms: f64,
}

/// Milliseconds of round trips to the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Waiting {
    pub(crate) read: f64,
    pub(crate) transaction: f64,
}

/// What a deployment has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stack {
    /// How many secrets.
    pub secrets: u32,
    /// How many standard alarms on one metric.
    pub alarms: u32,
    /// How many dashboards.
    pub dashboards: u32,
    /// Days for which log lines are kept.
    pub log_retention_days: u32,
}

/// What storing adds or saves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Storage {
    pub(crate) item_overhead_bytes: u32,
    /// Stored bytes of a log for each byte taken in.
    pub(crate) log_compression: f64,
}

/// A month of use.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Load {
    pub(crate) active_users: Vec<u32>,
    /// For each active user.
    pub(crate) log_ins: f64,
    /// For each active user.
    pub(crate) reads: f64,
    /// Registrations for each active user.
    pub(crate) new_share: f64,
    /// Stored users for each active user.
    pub(crate) registered_share: f64,
    /// In all.
    pub(crate) key_set_fetches: f64,
}
