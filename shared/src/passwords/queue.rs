//! Whose hash is next: a flood of log-ins must not take the processor from all other requests, nor let clients wait for nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::Error;
use crate::events::{Event, Limit, Subject};

/// How many hashes wait at most. A core computes about 40 of the default cost in a second, so more would wait beyond [`MAX_WAIT`]
/// and only hold memory.
pub const MAX_WAITING: usize = 64;

/// How long a hash waits at most: with the store's 2.5 s and the hash itself it stays well within the 10 s that a function has, and a
/// client that waits longer has given up.
pub const MAX_WAIT: Duration = Duration::from_secs(2);

/// The turns of hashes, first come, first served.
#[derive(Clone)]
pub(super) struct Queue {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Queue {
    /// Creates a queue for all cores but one, which is left for other requests where there are two or more.
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let turns = cores.saturating_sub(1).max(1);
        Self {
            places: Arc::new(Semaphore::new(turns + MAX_WAITING)),
            turns: Arc::new(Semaphore::new(turns)),
        }
    }

    /// Takes a place and waits for the turn. `begun` is when the request's work began.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where [`MAX_WAITING`] others wait, or after [`MAX_WAIT`]; logged.
    pub(super) async fn turn(&self, begun: Instant) -> Result<Turn, Error> {
        let asked = Instant::now();
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| refused("too many hashes are waiting"))?;
        let turn = timeout(MAX_WAIT, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| refused("the hash had no turn in time"))?
            .map_err(|closed| Error::internal("the queue of hashes", closed.to_string()))?;
        Ok(Turn {
            begun: begun + asked.elapsed(),
            _place: place,
            _turn: turn,
        })
    }
}

/// The turn of one hash.
#[derive(Debug)]
pub struct Turn {
    /// When the request's work began, without the wait for the turn: that says nothing of the row, and so is no part of the budget.
    pub(super) begun: Instant,
    _place: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
}

fn refused(why: &str) -> Error {
    Event::Throttled {
        subject: Subject::Unnamed,
        limit: Limit::Queue,
    }
    .log();
    Error::unavailable("the queue of hashes", why)
}
