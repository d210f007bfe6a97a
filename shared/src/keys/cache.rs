//! When keys are read: a Lambda is frozen between requests, so what has aged is read again at the start of a request and never in
//! the background.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::function::StartError;

/// How long a value that could not be read again serves before the next try, in seconds: a request waits for the try, and API
/// Gateway's authorizer waits for 1.5 s alone.
const RETRY_SECONDS: u32 = 30;

/// How often, at most, a search without a match reads the value again, in seconds.
const SEARCH_SECONDS: u32 = 30;

/// Where a cached value comes from.
pub trait Source: Send + Sync {
    /// The value.
    type Value: Send + Sync;

    /// What the log calls it.
    const NAME: &'static str;

    /// Reads the value.
    fn load(&self, now: Timestamp) -> impl Future<Output = Result<Self::Value, Missing>> + Send;
}

/// The reason why there is no value, which decides between a start that fails and a request that gets 503.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// It cannot be reached, or does not exist yet: the next request tries again.
    #[error("{0}")]
    Now(String),
    /// It exists and cannot be used: a start fails.
    #[error("{0}")]
    Unusable(String),
}

impl Missing {
    fn into_error(self) -> Error {
        Error::unavailable("the keys", self.to_string())
    }
}

/// A value that is read when it is first needed, and again when it is older than a maximum age.
pub struct Cached<S: Source> {
    source: S,
    clock: Clock,
    max_age_seconds: u32,
    kept: Mutex<Kept<S::Value>>,
}

struct Kept<T> {
    value: Option<Arc<T>>,
    /// When the value is due to be read again.
    read_again: Option<Timestamp>,
    /// When a search without a match last read the value again.
    searched: Option<Timestamp>,
}

impl<S: Source> Cached<S> {
    /// Creates an empty cache.
    pub fn new(source: S, clock: Clock, max_age_seconds: u32) -> Self {
        Self {
            source,
            clock,
            max_age_seconds,
            kept: Mutex::new(Kept {
                value: None,
                read_again: None,
                searched: None,
            }),
        }
    }

    /// Reads the value ahead of the first request.
    ///
    /// # Errors
    ///
    /// [`StartError`], beginning with `place`, for a value that exists and cannot be used. One that does not exist yet is logged.
    pub async fn prepare(&self, place: &str) -> Result<(), StartError> {
        let mut kept = self.kept.lock().await;
        match self.read(&mut kept).await {
            Ok(_) => Ok(()),
            Err(Missing::Now(why)) => {
                tracing::warn!(why, "no keys yet");
                Ok(())
            }
            Err(Missing::Unusable(why)) => Err(StartError::new(format!("{place} {why}"))),
        }
    }

    /// Returns the value. Where it has aged and cannot be read again, the old one still serves, within its keys' dates.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] until it could be read once.
    pub async fn get(&self) -> Result<Arc<S::Value>, Error> {
        self.fresh().await.map(|(_, value)| value)
    }

    /// Returns what `pick` finds in the value, or `None`. Where it finds nothing, the value is read again for it, at most once in
    /// 30 s.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where no value could be read yet, or not for this search.
    pub async fn find<T>(&self, pick: impl Fn(&S::Value) -> Option<T> + Send) -> Result<Option<T>, Error> {
        let (mut kept, value) = self.fresh().await?;
        if let Some(found) = pick(&value) {
            return Ok(Some(found));
        }
        let now = self.clock.now();
        let pause = SEARCH_SECONDS.min(self.max_age_seconds);
        if kept.searched.is_some_and(|searched| now < searched.plus(pause)) {
            return Ok(None);
        }
        kept.searched = Some(now);
        let value = self.read(&mut kept).await.map_err(Missing::into_error)?;
        Ok(pick(&value))
    }

    async fn fresh(&self) -> Result<(MutexGuard<'_, Kept<S::Value>>, Arc<S::Value>), Error> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        let is_fresh = kept.read_again.is_some_and(|read_again| now < read_again);
        let value = match kept.value.clone() {
            Some(value) if is_fresh => value,
            None => self.read(&mut kept).await.map_err(Missing::into_error)?,
            Some(old) => match self.read(&mut kept).await {
                Ok(value) => value,
                Err(missing) => {
                    tracing::warn!(%missing, "{} could not be read again", S::NAME);
                    kept.read_again = Some(now.plus(RETRY_SECONDS.min(self.max_age_seconds)));
                    old
                }
            },
        };
        Ok((kept, value))
    }

    async fn read(&self, kept: &mut Kept<S::Value>) -> Result<Arc<S::Value>, Missing> {
        let now = self.clock.now();
        let value = Arc::new(self.source.load(now).await?);
        kept.value = Some(Arc::clone(&value));
        kept.read_again = Some(now.plus(self.max_age_seconds));
        Ok(value)
    }
}
