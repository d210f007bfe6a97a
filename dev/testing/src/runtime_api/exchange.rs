//! Events on their way to the function, and its answers on their way back.

use std::collections::HashMap;
use std::sync::{Mutex as SyncMutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use super::InvocationError;

type Answer = Result<Value, InvocationError>;

/// An event that waits for the function.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) request_id: String,
    /// The event as JSON text.
    pub(super) event: String,
    /// When the answer must be there.
    pub(super) deadline: SystemTime,
}

#[derive(Debug)]
pub(super) struct Exchange {
    queue: mpsc::UnboundedSender<Invocation>,
    queued: Mutex<mpsc::UnboundedReceiver<Invocation>>,
    /// Who waits for the answer to which request id.
    waiting: SyncMutex<Waiting>,
    /// The function's report that it can't start.
    start_error: watch::Sender<Option<InvocationError>>,
}

#[derive(Debug, Default)]
struct Waiting {
    numbered: u64,
    callers: HashMap<String, oneshot::Sender<Answer>>,
}

/// Forgets a caller that is no longer there, whether its time ran out or its future was dropped.
struct Caller<'a> {
    exchange: &'a Exchange,
    request_id: String,
}

impl Default for Exchange {
    fn default() -> Self {
        let (queue, queued) = mpsc::unbounded_channel();
        Self {
            queue,
            queued: Mutex::new(queued),
            waiting: SyncMutex::default(),
            start_error: watch::Sender::new(None),
        }
    }
}

impl Exchange {
    pub(super) async fn invoke(&self, event: &Value, limit: Duration) -> Answer {
        let (sender, answer) = oneshot::channel();
        let caller = self.register(sender);
        let invocation = Invocation {
            request_id: caller.request_id.clone(),
            event: event.to_string(),
            deadline: deadline(limit),
        };
        // It can't fail, since this value holds the other end.
        let _queued = self.queue.send(invocation);
        let mut start_error = self.start_error.subscribe();
        let exchange = async {
            tokio::select! {
                // The caller's entry is removed only by the answer, so the channel gives one.
                Ok(answer) = answer => answer,
                Ok(error) = start_error.wait_for(Option::is_some) => match error.clone() {
                    Some(error) => Err(error),
                    None => Err(InvocationError::TimedOut(limit)),
                },
                else => Err(InvocationError::TimedOut(limit)),
            }
        };
        tokio::time::timeout(limit, exchange)
            .await
            .unwrap_or(Err(InvocationError::TimedOut(limit)))
    }

    /// The next event whose caller still waits.
    pub(super) async fn next(&self) -> Option<Invocation> {
        let mut queued = self.queued.lock().await;
        loop {
            let invocation = queued.recv().await?;
            if self.waiting().callers.contains_key(&invocation.request_id) {
                return Some(invocation);
            }
        }
    }

    /// Gives the answer to its caller. `false` if no one waits for it.
    pub(super) fn answer(&self, request_id: &str, answer: Answer) -> bool {
        let caller = self.waiting().callers.remove(request_id);
        caller.is_some_and(|caller| caller.send(answer).is_ok())
    }

    /// Every waiting caller, and each that comes, gets `error`.
    pub(super) fn start_failed(&self, error: InvocationError) {
        self.start_error.send_replace(Some(error));
    }

    fn register(&self, sender: oneshot::Sender<Answer>) -> Caller<'_> {
        let mut waiting = self.waiting();
        waiting.numbered += 1;
        // The form of Lambda's own ids.
        let request_id = format!("00000000-0000-4000-8000-{:012x}", waiting.numbered);
        waiting.callers.insert(request_id.clone(), sender);
        Caller {
            exchange: self,
            request_id,
        }
    }

    /// Nothing panics under this lock, so a poisoned one holds whole values too.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this side is Lambda, whose clock is the real one"
)]
fn deadline(limit: Duration) -> SystemTime {
    SystemTime::now() + limit
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        self.exchange.waiting().callers.remove(&self.request_id);
    }
}
