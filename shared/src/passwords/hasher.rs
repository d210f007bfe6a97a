//! Hashes and verifies passwords, without blocking other requests.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ::argon2::Block;
use tokio::sync::{Semaphore, oneshot};

use super::argon2::{self, HashCost};
use super::imported;
use super::password::Password;
use super::stored_hash::{StoredHash, Verdict};
use crate::error::Error;

/// Hashes and verifies. Work runs on blocking threads, at most one per core at a time, in memory that is kept between
/// requests: fresh memory costs 1.7 times as much, nearly all of it page faults.
#[derive(Clone)]
pub struct Hasher {
    cost: HashCost,
    memory: Arc<KeptMemory>,
    turns: Arc<Semaphore>,
}

impl Hasher {
    /// Creates a hasher whose new hashes have this cost.
    pub fn new(cost: HashCost) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cost,
            memory: Arc::new(KeptMemory::default()),
            turns: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Hashes a password at the current cost, under a fresh salt of 128 bits.
    pub async fn hash(&self, password: Arc<Password>) -> Result<StoredHash, Error> {
        let cost = self.cost;
        self.run(move |memory| argon2::hash(&password, cost, memory))
            .await?
    }

    /// Verifies a password against a stored hash, by the hash's own parameters. Without one, for an unknown user, it costs
    /// one new hash and is wrong.
    pub async fn verify(
        &self,
        password: Arc<Password>,
        stored: Option<StoredHash>,
    ) -> Result<Verdict, Error> {
        let cost = self.cost;
        self.run(move |memory| match stored {
            Some(stored) => {
                let verdict = verify(&password, &stored, cost, memory)?;
                if verdict == Verdict::Unreadable {
                    argon2::hash(&password, cost, memory)?;
                }
                Ok(verdict)
            }
            None => {
                argon2::hash(&password, cost, memory)?;
                Ok(Verdict::Wrong)
            }
        })
        .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let failed = |error| Error::internal("the hashing thread", error);
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|error| failed(error.to_string()))?;
        let memory = Arc::clone(&self.memory);
        let (finished, result) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let mut blocks = memory.take();
            // No one waits for the memory's end. Where the request is gone, so is the result's use.
            let _unsent = finished.send(work(&mut blocks));
            memory.give_back(blocks);
            drop(turn);
        });
        result.await.map_err(|error| failed(error.to_string()))
    }
}

/// Prints the cost alone: the kept memory has held what is derived from passwords.
impl fmt::Debug for Hasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hasher({:?})", self.cost)
    }
}

/// The blocks of earlier hashes. As many as ever worked at one time are kept, which the semaphore bounds.
#[derive(Default)]
struct KeptMemory(Mutex<Vec<Vec<Block>>>);

impl KeptMemory {
    fn take(&self) -> Vec<Block> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pop().unwrap_or_default()
    }

    /// Returns blocks for the next hash. They are wiped first, since they are derived from a password: block by block, which is
    /// faster than word by word, as `Zeroize` does it.
    fn give_back(&self, mut blocks: Vec<Block>) {
        blocks.fill(Block::default());
        zeroize::optimization_barrier(blocks.as_slice());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(blocks);
    }
}

fn verify(
    password: &Password,
    stored: &StoredHash,
    cost: HashCost,
    memory: &mut Vec<Block>,
) -> Result<Verdict, Error> {
    if stored.as_str().starts_with("$argon2") {
        argon2::verify(password, stored, cost, memory)
    } else {
        Ok(imported::verify(
            password.as_sent(),
            &password.normalized(),
            stored.as_str(),
        ))
    }
}
