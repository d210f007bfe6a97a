//! A rate with a burst: the token bucket that API Gateway documents, taken for every other rate, too.

use crate::assumptions::BUCKET;
use crate::per_second::PerSecond;
use crate::time::{Nanoseconds, as_seconds};

/// Windows up to this many seconds are looked at for a burst.
const LONGEST_WINDOW: usize = 10;

/// A rate and how much may come at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// How much each second.
    pub rate: f64,
    /// How much at once after quiet.
    pub burst: f64,
}

impl Limit {
    /// Of a rate whose burst nobody documents.
    #[must_use]
    pub fn of_rate(rate: f64) -> Self {
        Self {
            rate,
            burst: rate * BUCKET.value,
        }
    }

    /// Rate and burst, both times a factor.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            rate: self.rate * factor,
            burst: self.burst * factor,
        }
    }

    /// By what factor this limit would have to be raised to let all of this through; 1 or less where it is enough.
    #[must_use]
    pub fn factor(self, demand: &PerSecond) -> f64 {
        (1..=LONGEST_WINDOW)
            .map(|seconds| demand.most_in(seconds) as f64 / (self.rate * seconds as f64 + self.burst))
            .fold(demand.mean() / self.rate, f64::max)
    }
}

/// What is left of a limit at a moment.
#[derive(Clone, Debug)]
pub struct Bucket {
    limit: Limit,
    level: f64,
    filled: Nanoseconds,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn new(limit: Limit) -> Self {
        Self {
            limit,
            level: limit.burst,
            filled: 0,
        }
    }

    /// Whether one more is let through at this time; times must not go back.
    pub fn take(&mut self, now: Nanoseconds) -> bool {
        let gained = as_seconds(now.saturating_sub(self.filled)) * self.limit.rate;
        self.level = (self.level + gained).min(self.limit.burst);
        self.filled = now;
        if self.level < 1.0 {
            return false;
        }
        self.level -= 1.0;
        true
    }
}
