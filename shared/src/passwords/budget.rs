//! How long a wrong verdict takes, whatever was verified: the time of a log-in must not say whether a name exists.

use std::time::Duration;

use super::argon2::HashCost;
use super::imported;
use super::stored_hash::StoredHash;
use crate::env::{Env, EnvError, LOGIN_BUDGET_MS};

/// The default budget, in hashes of today's cost: the one that always runs, the row's own where that takes up to [`OWN_HASH`] times as long,
/// and a margin for the wipe of its memory and for noise.
const HASHES: f64 = 2.5;

/// What the default budget covers of a row's own hash, in hashes of today's cost. Older parameters of OWASP's take 0.87 to 1.2.
const OWN_HASH: f64 = 1.25;

/// What the budget has for the store's requests before a hash. A user's item with many sessions takes longer to be read than that of an unknown name.
const STORE: Duration = Duration::from_millis(30);

/// How long a wrong verdict takes, from when the request's work began, less the wait for the turn of its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogInBudget {
    /// As long as it takes: for callers who know already that the user exists.
    None,
    /// 30 ms for the store, and 2.5 times what today's hash took in this very verification. So it needs no measurement at a start, is right in the first
    /// request, and grows with the load of the machine.
    Measured,
    /// This long.
    Fixed(Duration),
}

impl LogInBudget {
    /// Reads the budget of log-ins.
    pub fn read(env: &Env<'_>) -> Result<Self, EnvError> {
        Ok(match env.get(&LOGIN_BUDGET_MS)? {
            0 => Self::Measured,
            millis => Self::Fixed(Duration::from_millis(millis.into())),
        })
    }

    /// Returns how long the store's requests may take and not be told, in an attempt that is refused without a hash.
    pub(super) fn of_the_store(self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Measured | Self::Fixed(_) => STORE,
        }
    }

    /// Reports whether a row takes longer than [`LogInBudget::Measured`], by its parameters. Such a row can be told by time from an unknown name,
    /// until its next log-in renews it.
    pub fn is_exceeded_by(stored: &StoredHash, cost: HashCost) -> bool {
        imported::parse(stored.as_str()).is_ok_and(|own| own.milliseconds() > cost.milliseconds() * OWN_HASH)
    }

    /// Returns the budget of a verification in which today's hash took this long.
    pub fn where_a_hash_took(self, hash: Duration) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Measured => STORE + hash.mul_f64(HASHES),
            Self::Fixed(budget) => budget,
        }
    }
}
