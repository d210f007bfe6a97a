//! When the private key ring is read: from the secret of a deployment or the file of a laptop, by `token` alone.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::clock::{Clock, Timestamp};
use crate::config::{RingConfig, RingPlace};
use crate::error::Error;
use crate::missing::Missing;
use crate::ring::Ring;
use crate::secrets;

/// How long a ring that could not be read again serves before the next try, in seconds: a request waits for the try.
const RETRY_SECONDS: u32 = 30;

/// Where the ring is.
enum Source {
    File(PathBuf),
    Secret { client: Client, id: String },
}

/// The private keys of a function that issues tokens. What has aged is read again at the start of a request: a Lambda is frozen
/// between requests.
pub struct SigningKeyring {
    source: Source,
    clock: Clock,
    max_age_seconds: u32,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    ring: Arc<Ring>,
    /// From when it is to be read again.
    read_again: Timestamp,
}

impl fmt::Debug for SigningKeyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKeyring")
    }
}

impl SigningKeyring {
    /// Of the configured place, which is read when a key is first needed, and again when the ring is older than
    /// `max_age_seconds`.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where the client cannot be built.
    pub async fn connect(config: &RingConfig, clock: Clock, max_age_seconds: u32) -> Result<Self, Error> {
        let source = match &config.place {
            RingPlace::File(file) => Source::File(file.clone()),
            RingPlace::Secret(id) => Source::Secret {
                client: secrets::connect(config.endpoint.as_ref()).await?,
                id: id.clone(),
            },
        };
        Ok(Self {
            source,
            clock,
            max_age_seconds,
            kept: Mutex::new(None),
        })
    }

    /// The ring, as fresh as the rules of this module make it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] until a ring could be read; the next call tries again.
    pub async fn get(&self) -> Result<Arc<Ring>, Error> {
        self.load().await.map_err(Missing::into_error)
    }

    /// As [`SigningKeyring::get`].
    ///
    /// # Errors
    ///
    /// Why there is no ring.
    pub async fn load(&self) -> Result<Arc<Ring>, Missing> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        if let Some(kept) = kept.as_ref().filter(|kept| now < kept.read_again) {
            return Ok(Arc::clone(&kept.ring));
        }
        let (ring, seconds) = match (self.read().await, kept.take()) {
            (Ok(ring), _) => (Arc::new(ring), self.max_age_seconds),
            // What was read before still serves, within its keys' dates, while the place cannot be reached.
            (Err(missing), Some(old)) => {
                tracing::warn!(?missing, "the key ring could not be read again");
                (old.ring, RETRY_SECONDS.min(self.max_age_seconds))
            }
            (Err(missing), None) => return Err(missing),
        };
        *kept = Some(Kept {
            ring: Arc::clone(&ring),
            read_again: now.plus(seconds),
        });
        Ok(ring)
    }

    async fn read(&self) -> Result<Ring, Missing> {
        let document = self.document().await?;
        let ring = Ring::parse(&document).map_err(|error| Missing::Unusable(error.to_string()))?;
        if ring.keys.is_empty() {
            return Err(Missing::Now("there is no signing key yet".to_owned()));
        }
        if ring.is_overdue(self.clock.now()) {
            // An alarm of the template listens to these words.
            tracing::warn!("rotation overdue");
        }
        Ok(ring)
    }

    async fn document(&self) -> Result<Zeroizing<String>, Missing> {
        match &self.source {
            Source::File(file) => {
                let document = std::fs::read_to_string(file)
                    .map(Zeroizing::new)
                    .map_err(|error| Missing::Now(format!("the file of signing keys: {error}")))?;
                if document.trim().is_empty() {
                    return Err(Missing::Now("the file of signing keys is empty".to_owned()));
                }
                Ok(document)
            }
            Source::Secret { client, id } => {
                secrets::text(client.get_secret_value().secret_id(id).send().await)
                    .map_err(|error| Missing::Now(format!("{error:?}")))?
                    .ok_or_else(|| Missing::Now("the secret of signing keys has no value yet".to_owned()))
            }
        }
    }
}
