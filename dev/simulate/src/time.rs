//! Simulated time in whole nanoseconds. Whole numbers keep the last bit of a machine's logarithm out of the results.

/// Nanoseconds since a run's start.
pub type Nanoseconds = u64;

/// Nanoseconds of a second.
pub const SECOND: Nanoseconds = 1_000_000_000;

/// Of seconds.
#[must_use]
pub fn seconds(value: f64) -> Nanoseconds {
    (value * SECOND as f64).round() as Nanoseconds
}

/// Of milliseconds.
#[must_use]
pub fn milliseconds(value: f64) -> Nanoseconds {
    seconds(value / 1_000.0)
}

/// Of minutes.
#[must_use]
pub fn minutes(value: f64) -> Nanoseconds {
    seconds(value * 60.0)
}

/// As seconds.
#[must_use]
pub fn as_seconds(value: Nanoseconds) -> f64 {
    value as f64 / SECOND as f64
}
