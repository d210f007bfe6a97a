//! When keys are read: the private set from its file by `token`, the public one from the table by whoever verifies.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::keys::{PublicKey, PublicKeys, SigningKeys};
use crate::store::Store;

/// How old a public set may be before it is read again, in seconds.
const PUBLIC_MAX_AGE_SECONDS: i64 = 5 * 60;
/// How often, at most, a `kid` that is not known makes the set be read again, in seconds.
const UNKNOWN_KID_SECONDS: i64 = 30;

/// Why keys are not there.
#[derive(Debug)]
pub enum Missing {
    /// They cannot be reached, or there are none yet: the next request tries again.
    Now(String),
    /// They are there and cannot be used: a start fails.
    Unusable(String),
}

impl Missing {
    fn into_error(self) -> Error {
        let (Self::Now(why) | Self::Unusable(why)) = self;
        Error::unavailable("the keys", why)
    }
}

/// The private keys of a function that issues tokens, read once.
#[derive(Debug)]
pub struct SigningKeyring {
    file: PathBuf,
    keys: Mutex<Option<Arc<SigningKeys>>>,
}

impl SigningKeyring {
    /// Of a file, which is read when a key is first needed.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        Self {
            file,
            keys: Mutex::new(None),
        }
    }

    /// The keys; there is at least one.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; the next call tries again.
    pub async fn get(&self) -> Result<Arc<SigningKeys>, Error> {
        self.load().await.map_err(Missing::into_error)
    }

    /// Reads the keys if they are not there yet.
    ///
    /// # Errors
    ///
    /// Why they are not there.
    pub async fn load(&self) -> Result<Arc<SigningKeys>, Missing> {
        let mut kept = self.keys.lock().await;
        if let Some(keys) = &*kept {
            return Ok(Arc::clone(keys));
        }
        let document = std::fs::read_to_string(&self.file)
            .map(zeroize::Zeroizing::new)
            .map_err(|error| Missing::Now(format!("the file of signing keys: {error}")))?;
        if document.trim().is_empty() {
            return Err(Missing::Now("the file of signing keys is empty".to_owned()));
        }
        let keys = SigningKeys::parse(&document).map_err(|error| Missing::Unusable(error.to_string()))?;
        if keys.current().is_none() {
            return Err(Missing::Now("there is no signing key yet".to_owned()));
        }
        let keys = Arc::new(keys);
        *kept = Some(Arc::clone(&keys));
        Ok(keys)
    }
}

/// The public keys of a function that verifies tokens. A Lambda is frozen between requests, so what has aged is read again
/// at the start of a request and never in the background.
pub struct PublicKeyring {
    store: Store,
    clock: Clock,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    set: Option<(Arc<PublicKeys>, Timestamp)>,
    asked_for_unknown: Option<Timestamp>,
}

impl PublicKeyring {
    /// Of the table's JWK Set, which is read when a key is first needed.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
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

    /// The key of a `kid`, or `None` where the set, as fresh as the rules of this module make it, has none.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where no set could be read yet, or not for this unknown `kid`.
    pub async fn find(&self, kid: &str) -> Result<Option<PublicKey>, Error> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        let age = kept.set.as_ref().map(|(_, read)| now.unix() - read.unix());
        match age {
            None => {
                self.read(&mut kept).await.map_err(Missing::into_error)?;
            }
            Some(age) if age >= PUBLIC_MAX_AGE_SECONDS => {
                // What was read before still serves while the table cannot be reached.
                if let Err(missing) = self.read(&mut kept).await {
                    tracing::warn!(?missing, "the public keys could not be read again");
                }
            }
            Some(_) => {}
        }
        if let Some(key) = kept.find(kid) {
            return Ok(Some(key));
        }
        let asked_lately = kept
            .asked_for_unknown
            .is_some_and(|asked| now.unix() - asked.unix() < UNKNOWN_KID_SECONDS);
        if asked_lately {
            return Ok(None);
        }
        kept.asked_for_unknown = Some(now);
        self.read(&mut kept).await.map_err(Missing::into_error)?;
        Ok(kept.find(kid))
    }

    async fn read(&self, kept: &mut Kept) -> Result<(), Missing> {
        let document = self
            .store
            .jwk_set()
            .await
            .map_err(|error| Missing::Now(format!("{error:?}")))?
            .ok_or_else(|| Missing::Now("there is no JWK Set yet".to_owned()))?;
        let keys = PublicKeys::parse(&document).map_err(|error| Missing::Unusable(error.to_string()))?;
        if keys.is_empty() {
            return Err(Missing::Now("the JWK Set is empty".to_owned()));
        }
        kept.set = Some((Arc::new(keys), self.clock.now()));
        Ok(())
    }
}

impl Kept {
    fn find(&self, kid: &str) -> Option<PublicKey> {
        self.set.as_ref().and_then(|(set, _)| set.find(kid)).cloned()
    }
}
