//! The idle environments of a function.

use rand_chacha::ChaCha8Rng;

use crate::arrivals::unit;
use crate::assumptions::{IDLE_LONGEST, IDLE_SHORTEST, LONGEST_LIFE};
use crate::time::{Nanoseconds, minutes};

/// An environment, by its birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Environment {
    /// When it was made.
    pub born: Nanoseconds,
}

#[derive(Clone, Copy, Debug)]
struct Idle {
    environment: Environment,
    until: Nanoseconds,
}

/// Those that wait. The one that was used last is used next, which is how Lambda seems to choose.
#[derive(Clone, Debug, Default)]
pub struct Environments {
    idle: Vec<Idle>,
}

impl Environments {
    /// One that still lives, or `None`.
    pub fn take(&mut self, now: Nanoseconds) -> Option<Environment> {
        while let Some(idle) = self.idle.pop() {
            let too_old = now - idle.environment.born > minutes(LONGEST_LIFE.value);
            if now <= idle.until && !too_old {
                return Some(idle.environment);
            }
        }
        None
    }

    /// Gives one back; how long it will live is drawn now.
    pub fn give_back(&mut self, environment: Environment, now: Nanoseconds, random: &mut ChaCha8Rng) {
        let life = IDLE_SHORTEST.value + unit(random) * (IDLE_LONGEST.value - IDLE_SHORTEST.value);
        self.idle.push(Idle {
            environment,
            until: now + minutes(life),
        });
    }
}
