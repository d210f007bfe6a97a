//! Counts for each second of a run.

use crate::time::{Nanoseconds, SECOND};

/// How much happened in each second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerSecond(Vec<u64>);

impl PerSecond {
    /// Nothing yet, for a run of this length.
    #[must_use]
    pub fn new(length: Nanoseconds) -> Self {
        Self(vec![0; length.div_ceil(SECOND) as usize])
    }

    /// Counts at a time since the start; what is after the end is left out.
    pub fn add(&mut self, at: Nanoseconds, count: u64) {
        if let Some(second) = self.0.get_mut((at / SECOND) as usize) {
            *second += count;
        }
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Of a second, on average.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.0.is_empty() {
            return 0.0;
        }
        self.total() as f64 / self.0.len() as f64
    }

    /// The most in so many seconds one after the other.
    #[must_use]
    pub fn most_in(&self, seconds: usize) -> u64 {
        self.0
            .windows(seconds.clamp(1, self.0.len().max(1)))
            .map(|window| window.iter().sum())
            .max()
            .unwrap_or(0)
    }
}
