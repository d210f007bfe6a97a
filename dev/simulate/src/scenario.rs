//! What arrives, and when it counts.

use crate::assumptions::{BURST_FACTOR, BURST_TIME};
use crate::time::{Nanoseconds, seconds};

/// The rates that are shown, in log-ins a minute.
pub const LOADS: [u32; 3] = [100, 10_000, 1_000_000];

/// A time in which log-ins come at one rate.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    /// Log-ins a second.
    pub rate: f64,
    /// How long.
    pub length: Nanoseconds,
}

/// Who logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Users {
    /// So many that their keys fall evenly on the partitions.
    Many,
    /// One, over and over: the same two keys.
    One,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What comes, in order. A run starts without any environment.
    pub phases: Vec<Phase>,
    /// What happens before does not count.
    pub warm_up: Nanoseconds,
    /// Who logs in.
    pub users: Users,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl Scenario {
    /// A steady load, once it has found its environments. A rare log-in needs a long run to show its cold starts; a
    /// frequent one would only make the run slow.
    #[must_use]
    pub fn steady(per_minute: u32, users: Users) -> Self {
        let rate = f64::from(per_minute) / 60.0;
        let (warm_up, counted) = match per_minute {
            0..=1_000 => (4.0 * 3_600.0, 20.0 * 3_600.0),
            1_001..=100_000 => (300.0, 1_500.0),
            _ => (15.0, 30.0),
        };
        Self {
            phases: vec![Phase {
                rate,
                length: seconds(warm_up + counted),
            }],
            warm_up: seconds(warm_up),
            users,
            seed: u64::from(per_minute),
        }
    }

    /// After quiet many come at once, and then the steady load. All of it counts.
    #[must_use]
    pub fn burst(per_minute: u32) -> Self {
        let rate = f64::from(per_minute) / 60.0;
        Self {
            phases: vec![
                Phase {
                    rate: rate * BURST_FACTOR.value,
                    length: seconds(BURST_TIME.value),
                },
                Phase {
                    rate,
                    length: seconds(20.0),
                },
            ],
            warm_up: 0,
            users: Users::Many,
            seed: u64::from(per_minute) + 1,
        }
    }

    /// How long all phases take.
    #[must_use]
    pub fn length(&self) -> Nanoseconds {
        self.phases.iter().map(|phase| phase.length).sum()
    }
}
