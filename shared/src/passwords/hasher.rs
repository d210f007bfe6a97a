//! Hashes and verifies passwords, without blocking other requests.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::argon2::Block;
use tokio::sync::oneshot;
use tokio::time::sleep_until;

use super::argon2::{self, HashCost, ParsedArgon2};
use super::budget::LogInBudget;
use super::imported::{self, ParsedHash};
use super::password::Password;
use super::queue::{Queue, Turn};
use super::stored_hash::{StoredHash, Verdict};
use crate::error::Error;

/// Hashes and verifies. Work runs on blocking threads in the turns of a bounded queue, in memory that is kept between requests:
/// fresh memory costs 1.7 times as much, nearly all of it page faults.
#[derive(Clone)]
pub struct Hasher {
    cost: HashCost,
    budget: LogInBudget,
    memory: Arc<KeptMemory>,
    queue: Queue,
}

impl Hasher {
    /// Creates a hasher whose new hashes have this cost, and whose verdicts have no budget.
    pub fn new(cost: HashCost) -> Self {
        Self {
            cost,
            budget: LogInBudget::None,
            memory: Arc::new(KeptMemory::default()),
            queue: Queue::new(),
        }
    }

    /// Sets how long wrong verdicts take.
    pub fn with_budget(self, budget: LogInBudget) -> Self {
        Self { budget, ..self }
    }

    /// Waits for the turn of a hash. `begun` is when the request's work began, from which the budget counts.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where too many hashes are waiting; logged.
    pub async fn turn(&self, begun: Instant) -> Result<Turn, Error> {
        self.queue.turn(begun).await
    }

    /// Hashes a password at the current cost, under a fresh salt of 128 bits.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where too many hashes are waiting.
    pub async fn hash(&self, password: Arc<Password>) -> Result<StoredHash, Error> {
        let cost = self.cost;
        let turn = self.turn(Instant::now()).await?;
        self.run(turn, move |memory| argon2::hash(&password, cost, memory))
            .await?
    }

    /// Verifies a password against a stored hash, by the hash's own parameters; without one, for an unknown user, it is wrong. One hash
    /// at today's cost always runs, and what is not right takes the budget. Neither says which kind of hash was stored, if any.
    pub async fn verify(
        &self,
        turn: Turn,
        password: Arc<Password>,
        stored: Option<StoredHash>,
    ) -> Result<Verdict, Error> {
        let cost = self.cost;
        let begun = turn.begun;
        let forms = password.forms();
        let attempt = self
            .run(turn, move |memory| {
                Attempt::make(&password, stored.as_ref(), cost, memory)
            })
            .await??;
        if !matches!(attempt.verdict, Verdict::Right { .. }) {
            let budget = self.budget.where_a_hash_took(attempt.todays_hash) * forms;
            sleep_until((begun + budget).into()).await;
        }
        Ok(attempt.verdict)
    }

    /// Waits until what the store's requests took can no longer be told. `begun` is when the request's work began.
    pub async fn hide_the_stores_time(&self, begun: Instant) {
        sleep_until((begun + self.budget.of_the_store()).into()).await;
    }

    /// Waits until a verification of this password would have been over, where its time is fixed.
    pub async fn hide_a_verification(&self, password: &Password, begun: Instant) {
        let budget = self.budget.where_a_hash_took(Duration::ZERO) * password.forms();
        sleep_until((begun + budget).into()).await;
    }

    async fn run<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let memory = Arc::clone(&self.memory);
        let (finished, result) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let mut blocks = memory.take();
            // No one waits for the memory's end. Where the request is gone, so is the result's use.
            let _unsent = finished.send(work(&mut blocks));
            memory.give_back(blocks);
            drop(turn);
        });
        result
            .await
            .map_err(|error| Error::internal("the hashing thread", error.to_string()))
    }
}

/// Prints the cost alone: the kept memory has held what is derived from passwords.
impl fmt::Debug for Hasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hasher({:?})", self.cost)
    }
}

/// The blocks of earlier hashes. As many as ever worked at one time are kept, which the queue bounds.
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

/// A verification that is done.
struct Attempt {
    verdict: Verdict,
    /// How long the hash at today's cost took.
    todays_hash: Duration,
}

impl Attempt {
    /// Computes today's hash first, so that it meets the memory in the same state for each kind of row.
    fn make(
        password: &Password,
        stored: Option<&StoredHash>,
        cost: HashCost,
        memory: &mut Vec<Block>,
    ) -> Result<Self, Error> {
        let normalized = password.normalized();
        let typed = password.as_sent();
        let is_normalized = *normalized == typed;
        let own = stored.map(|stored| imported::parse(stored.as_str()));
        let todays = match &own {
            Some(Ok(ParsedHash::Argon2(own))) if own.costs_as_much_as(cost) => Some(own),
            _ => None,
        };
        let of_no_password = ParsedArgon2::of_no_password(cost)?;
        let first = todays.unwrap_or(&of_no_password);
        let hashing = Instant::now();
        let first_matches = first.matches(&normalized, memory)?;
        let todays_hash = hashing.elapsed();
        let verdict = match &own {
            None => Verdict::Wrong,
            Some(Err(_)) => Verdict::Unreadable,
            Some(Ok(ParsedHash::Argon2(own))) => {
                let after_nfkc = match todays {
                    Some(_) => first_matches,
                    None => own.may_be_ours() && own.matches(&normalized, memory)?,
                };
                // Other systems hash what was typed, and an Argon2id hash does not say whose it is.
                let is_another_form = !own.may_be_ours() || !is_normalized;
                let as_typed = !after_nfkc && is_another_form && own.matches(typed, memory)?;
                Verdict::of(after_nfkc || as_typed, own.is_weaker_than(cost) || as_typed)
            }
            Some(Ok(ParsedHash::Imported(own))) => Verdict::of(own.matches(typed), own.reads_all_of(typed)),
        };
        Ok(Self { verdict, todays_hash })
    }
}
