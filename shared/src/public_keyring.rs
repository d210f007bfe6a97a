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
    set: Option<(Arc<PublicKeys>, Timestamp)>,
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
        let kept_set = kept.set.clone();
        let set = match kept_set {
            None => self.read(&mut kept).await.map_err(Missing::into_error)?,
            Some((set, read)) if self.clock.now() >= read.plus(self.max_age_seconds) => {
                // What was read before still serves, within its keys' dates, while the table cannot be reached.
                self.read(&mut kept).await.unwrap_or_else(|missing| {
                    tracing::warn!(?missing, "the public keys could not be read again");
                    set
                })
            }
            Some((set, _)) => set,
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
        kept.set = Some((Arc::clone(&keys), self.clock.now()));
        Ok(keys)
    }
}
