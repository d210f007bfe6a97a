//! How long an invocation takes, from the assumptions.

use crate::assumptions::{
    CORE_MEMORY, HANDSHAKE, HANDSHAKES, INIT, ME_CORE, ME_MEMORY, READ, READS, SANDBOX, SECRET, TOKEN_CORE,
    TOKEN_MEMORY,
};

/// A log-in in a warm environment, in milliseconds: the processor's work at its share of a core, and the reads.
#[must_use]
pub fn warm_log_in() -> f64 {
    TOKEN_CORE.value * CORE_MEMORY.value / TOKEN_MEMORY.value + reads_of_log_in()
}

/// The reads of a log-in one after the other, in milliseconds.
#[must_use]
pub fn reads_of_log_in() -> f64 {
    READS.value * READ.value
}

/// What a cold start adds, in milliseconds.
#[must_use]
pub fn cold_start() -> f64 {
    SANDBOX.value + INIT.value + HANDSHAKES.value * HANDSHAKE.value + SECRET.value
}

/// One `GET /users/me` in a warm environment, in milliseconds.
#[must_use]
pub fn warm_me() -> f64 {
    ME_CORE.value * CORE_MEMORY.value / ME_MEMORY.value + READ.value
}
