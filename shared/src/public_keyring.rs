//! When the published keys are read: from the table, by whoever verifies and by the discovery.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::keys::PublicKey;
use crate::missing::Missing;
use crate::published::PublicKeys;
use crate::store::Store;

/// How often, at most, a `kid` that is not known makes the set be read again, in seconds.
const UNKNOWN_KID_SECONDS: u32 = 30;

/// How long a set that could not be read again serves before the next try, in seconds: a request waits for the try, and API
/// Gateway's authorizer waits for 1.5 s alone.
const RETRY_SECONDS: u32 = 30;

/// The public keys. A Lambda is frozen between requests, so what has aged is read again at the start of a request and never in
/// the background.
pub struct PublicKeyring {
    store: Store,
    clock: Clock,
    max_age_seconds: u32,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    set: Option<Arc<PublicKeys>>,
    /// From when the set is to be read again.
    read_again: Option<Timestamp>,
    asked_for_unknown: Option<Timestamp>,
}

impl PublicKeyring {
    /// Of what the table has published, which is read when a key is first needed, and again when it is older than
    /// `max_age_seconds`.
    #[must_use]
    pub fn new(store: Store, clock: Clock, max_age_seconds: u32) -> Self {
        Self {
            store,
            clock,
            max_age_seconds,
            kept: Mutex::new(Kept::default()),
        }
    }

    /// Reads the set if there is none yet.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub async fn load(&self) -> Result<(), Missing> {
        let mut kept = self.kept.lock().await;
        if kept.set.is_none() {
            self.read(&mut kept).await?;
        }
        Ok(())
    }

    /// The keys, as fresh as the rules of this module make them.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where none could be read yet.
    pub async fn get(&self) -> Result<Arc<PublicKeys>, Error> {
        self.fresh().await.map(|(_, set)| set)
    }

    /// The key of a `kid`, or `None` where the set has none, which is read again for it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where no set could be read yet, or not for this unknown `kid`.
    pub async fn find(&self, kid: &str) -> Result<Option<PublicKey>, Error> {
        let (mut kept, set) = self.fresh().await?;
        let now = self.clock.now();
        if let Some(key) = set.find(kid, now) {
            return Ok(Some(key.clone()));
        }
        let asked_lately = kept
            .asked_for_unknown
            .is_some_and(|asked| now < asked.plus(UNKNOWN_KID_SECONDS.min(self.max_age_seconds)));
        if asked_lately {
            return Ok(None);
        }
        kept.asked_for_unknown = Some(now);
        let set = self.read(&mut kept).await.map_err(Missing::into_error)?;
        Ok(set.find(kid, now).cloned())
    }

    async fn fresh(&self) -> Result<(MutexGuard<'_, Kept>, Arc<PublicKeys>), Error> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        let is_fresh = kept.read_again.is_some_and(|read_again| now < read_again);
        let set = match kept.set.clone() {
            Some(set) if is_fresh => set,
            None => self.read(&mut kept).await.map_err(Missing::into_error)?,
            Some(old) => match self.read(&mut kept).await {
                Ok(set) => set,
                // What was read before still serves, within its keys' dates, while the table cannot be reached.
                Err(missing) => {
                    tracing::warn!(?missing, "the public keys could not be read again");
                    kept.read_again = Some(now.plus(RETRY_SECONDS.min(self.max_age_seconds)));
                    old
                }
            },
        };
        Ok((kept, set))
    }

    async fn read(&self, kept: &mut Kept) -> Result<Arc<PublicKeys>, Missing> {
        let publication = self
            .store
            .published()
            .await
            .map_err(|error| Missing::Now(format!("{error:?}")))?
            .ok_or_else(|| Missing::Now("no key is published yet".to_owned()))?;
        let keys =
            PublicKeys::parse(&publication.document).map_err(|error| Missing::Unusable(error.to_string()))?;
        if keys.is_empty() {
            return Err(Missing::Now("no key is published".to_owned()));
        }
        let keys = Arc::new(keys);
        kept.set = Some(Arc::clone(&keys));
        kept.read_again = Some(self.clock.now().plus(self.max_age_seconds));
        Ok(keys)
    }
}
