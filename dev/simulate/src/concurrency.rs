//! How many invocations ran at once, weighed by time.

use crate::time::Nanoseconds;

/// How long each number of concurrent invocations lasted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concurrency {
    lasted: Vec<Nanoseconds>,
}

impl Concurrency {
    /// So many ran at once for so long.
    pub fn add(&mut self, running: usize, time: Nanoseconds) {
        if time == 0 {
            return;
        }
        if self.lasted.len() <= running {
            self.lasted.resize(running + 1, 0);
        }
        if let Some(lasted) = self.lasted.get_mut(running) {
            *lasted += time;
        }
    }

    /// The mean over time.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let weighed: f64 = self
            .lasted
            .iter()
            .enumerate()
            .map(|(running, time)| running as f64 * *time as f64)
            .sum();
        weighed / self.time().max(1) as f64
    }

    /// The number that was not exceeded in this share of the time.
    #[must_use]
    pub fn quantile(&self, share: f64) -> usize {
        let wanted = self.time() as f64 * share;
        let mut seen = 0.0;
        self.lasted
            .iter()
            .position(|time| {
                seen += *time as f64;
                seen >= wanted
            })
            .unwrap_or(0)
    }

    /// The most.
    #[must_use]
    pub fn most(&self) -> usize {
        self.lasted.len().saturating_sub(1)
    }

    fn time(&self) -> Nanoseconds {
        self.lasted.iter().sum()
    }
}
