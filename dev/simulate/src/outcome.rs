//! What became of a run's log-ins.

use crate::concurrency::Concurrency;
use crate::per_second::PerSecond;
use crate::time::{Nanoseconds, as_seconds};

/// What refused a log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The route's own throttling: 429.
    Route,
    /// API Gateway's quota of the account: 429.
    Gateway,
    /// Lambda's requests a second: 503.
    Requests,
    /// Lambda's concurrent executions: 503.
    Concurrency,
    /// Lambda's scaling rate: 503.
    Scaling,
    /// A partition of the table: 503.
    Partition,
}

impl Refusal {
    /// All, in the order in which a request meets them.
    pub const ALL: [Self; 6] = [
        Self::Route,
        Self::Gateway,
        Self::Requests,
        Self::Concurrency,
        Self::Scaling,
        Self::Partition,
    ];

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Route => "the route's throttling",
            Self::Gateway => "API Gateway",
            Self::Requests => "Lambda's requests a second",
            Self::Concurrency => "Lambda's concurrency",
            Self::Scaling => "Lambda's scaling rate",
            Self::Partition => "DynamoDB",
        }
    }

    /// Whether the client sees 429; else 503.
    #[must_use]
    pub fn is_429(self) -> bool {
        matches!(self, Self::Route | Self::Gateway)
    }
}

/// The counts of a run, after its warm-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Log-ins that came.
    pub arrivals: PerSecond,
    /// Reads of the table that were asked for.
    pub reads: PerSecond,
    /// Environments that were made.
    pub made: PerSecond,
    /// How many ran at once.
    pub concurrency: Concurrency,
    length: Nanoseconds,
    refused: [u64; 6],
}

impl Outcome {
    /// Of a run that counts for so long.
    #[must_use]
    pub fn new(length: Nanoseconds) -> Self {
        Self {
            arrivals: PerSecond::new(length),
            reads: PerSecond::new(length),
            made: PerSecond::new(length),
            concurrency: Concurrency::default(),
            length,
            refused: [0; 6],
        }
    }

    /// Counts a refusal.
    pub fn refuse(&mut self, refusal: Refusal) {
        self.refused[refusal as usize] += 1;
    }

    /// How many were refused so.
    #[must_use]
    pub fn refused_by(&self, refusal: Refusal) -> u64 {
        self.refused[refusal as usize]
    }

    /// How many were refused at all.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.iter().sum()
    }

    /// The share of the log-ins that were refused.
    #[must_use]
    pub fn refused_share(&self) -> f64 {
        self.share(self.refused())
    }

    /// The share that was refused with 429, or else with 503.
    #[must_use]
    pub fn refused_share_with(&self, with_429: bool) -> f64 {
        let of_kind = Refusal::ALL
            .into_iter()
            .filter(|refusal| refusal.is_429() == with_429);
        self.share(of_kind.map(|refusal| self.refused_by(refusal)).sum())
    }

    /// What refused the most, if anything did.
    #[must_use]
    pub fn refused_most_by(&self) -> Option<Refusal> {
        Refusal::ALL
            .into_iter()
            .filter(|refusal| self.refused_by(*refusal) > 0)
            .max_by_key(|refusal| self.refused_by(*refusal))
    }

    /// The share of all log-ins that started an environment.
    #[must_use]
    pub fn cold_share(&self) -> f64 {
        self.share(self.made.total())
    }

    /// This many over the log-ins that came.
    #[must_use]
    pub fn share(&self, count: u64) -> f64 {
        count as f64 / self.arrivals.total().max(1) as f64
    }

    /// Reads a second, on average.
    #[must_use]
    pub fn reads_each_second(&self) -> f64 {
        self.reads.total() as f64 / as_seconds(self.length)
    }
}
