//! A clock that a test drives.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use shared::clock::{Clock, Timestamp};

/// The time of a test; a clone is the same time.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// Starts at a time in seconds since 1970.
    pub fn at(seconds: i64) -> Self {
        Self(Arc::new(AtomicI64::new(seconds)))
    }

    /// Returns the time now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }

    /// Lets seconds pass.
    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Jumps to a time.
    pub fn pass_to(&self, time: Timestamp) {
        self.0.store(time.unix(), Ordering::SeqCst);
    }

    /// Returns the clock of the code under test.
    pub fn clock(&self) -> Clock {
        let time = self.clone();
        Clock::from_fn(move || time.now())
    }
}
