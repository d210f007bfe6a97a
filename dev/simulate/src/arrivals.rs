//! Poisson arrivals at the rates of a scenario's phases.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

use crate::scenario::Phase;
use crate::time::{Nanoseconds, seconds};

/// The times of arrivals, in order.
#[derive(Clone, Debug)]
pub struct Arrivals {
    phases: std::vec::IntoIter<Phase>,
    current: Option<(f64, Nanoseconds)>,
    now: Nanoseconds,
}

impl Arrivals {
    /// Of these phases, from time 0.
    #[must_use]
    pub fn new(phases: Vec<Phase>) -> Self {
        let mut phases = phases.into_iter();
        let current = phases.next().map(|phase| (phase.rate, phase.length));
        Self {
            phases,
            current,
            now: 0,
        }
    }

    /// The next one's time, or `None` after the last phase.
    pub fn next(&mut self, random: &mut ChaCha8Rng) -> Option<Nanoseconds> {
        loop {
            let (rate, end) = self.current?;
            let gap = seconds(-(1.0 - unit(random)).ln() / rate);
            if self.now + gap < end {
                self.now += gap;
                return Some(self.now);
            }
            // The exponential distribution has no memory, so the next phase may simply draw anew from its start.
            self.now = end;
            self.current = self.phases.next().map(|phase| (phase.rate, end + phase.length));
        }
    }
}

/// A number from 0 up to, and without, 1.
pub fn unit(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
