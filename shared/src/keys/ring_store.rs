//! Where the private keys are: in the secret of a deployment, or in the file of `cargo dev`.

use std::fs::File;

use zeroize::Zeroizing;

use super::cache::{Missing, Source};
use super::ring::Ring;
use super::ring_file::RingFile;
use super::secret::{Secret, Versions};
use crate::clock::Timestamp;
use crate::env::{Env, SIGNING_KEYS_FILE, SIGNING_KEYS_SECRET};
use crate::error::Error;
use crate::function::StartError;
use crate::random;

/// The store of the ring.
#[derive(Clone, Debug)]
pub enum RingStore {
    /// `SIGNING_KEYS_SECRET`.
    Secret(Secret),
    /// `SIGNING_KEYS_FILE`.
    File(RingFile),
}

impl RingStore {
    /// Creates the client; sends nothing.
    ///
    /// # Errors
    ///
    /// [`StartError`] where neither or both variables are set, or the client cannot be built.
    pub async fn connect(env: &Env<'_>) -> Result<Self, StartError> {
        let secret = env.get(&SIGNING_KEYS_SECRET)?;
        let file = env.get(&SIGNING_KEYS_FILE)?;
        match (secret.is_empty(), file.is_empty()) {
            (false, true) => Ok(Self::Secret(Secret::connect(secret, env).await?)),
            (true, false) => Ok(Self::File(RingFile::new(file.into()))),
            _ => Err(SIGNING_KEYS_SECRET
                .error("or SIGNING_KEYS_FILE must be set, and not both")
                .into()),
        }
    }

    /// Returns the variable that names the place.
    pub fn variable(&self) -> &'static str {
        match self {
            Self::Secret(_) => SIGNING_KEYS_SECRET.name,
            Self::File(_) => SIGNING_KEYS_FILE.name,
        }
    }

    /// Reads the ring in use; one without keys where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; [`Error::Internal`] for what is there and cannot be read.
    pub async fn current(&self) -> Result<Ring, Error> {
        match self {
            Self::Secret(secret) => secret.current().await,
            Self::File(file) => file.read(),
        }
    }

    /// Begins a change of the ring.
    pub(super) async fn change(&self) -> Result<Change<'_>, Error> {
        match self {
            Self::Secret(secret) => {
                let versions = secret.versions().await?;
                let current = secret.current().await?;
                let pending = match versions.pending() {
                    Some(version) => secret.pending(version).await?.unwrap_or_default(),
                    None => Ring::default(),
                };
                Ok(Change {
                    current,
                    pending,
                    place: Place::Secret { secret, versions },
                })
            }
            Self::File(file) => {
                let lock = file.lock()?;
                Ok(Change {
                    current: file.read()?,
                    pending: Ring::default(),
                    place: Place::File { file, _lock: lock },
                })
            }
        }
    }

    async fn document(&self) -> Result<Zeroizing<String>, Missing> {
        match self {
            Self::Secret(secret) => secret
                .document()
                .await
                .map_err(|error| Missing::Now(error.to_string()))?
                .ok_or_else(|| Missing::Now("the secret of signing keys has no value yet".to_owned())),
            Self::File(file) => {
                let document = file
                    .document()
                    .map_err(|error| Missing::Now(format!("the file of signing keys: {error}")))?;
                if document.trim().is_empty() {
                    return Err(Missing::Now("the file of signing keys is empty".to_owned()));
                }
                Ok(document)
            }
        }
    }
}

impl Source for RingStore {
    type Value = Ring;

    const NAME: &'static str = "the key ring";

    async fn load(&self, now: Timestamp) -> Result<Ring, Missing> {
        let document = self.document().await?;
        let ring = Ring::parse(&document).map_err(|error| Missing::Unusable(error.to_string()))?;
        if ring.keys.is_empty() {
            return Err(Missing::Now("there is no signing key yet".to_owned()));
        }
        if ring.is_overdue(now) {
            // An alarm of the template filters for this message.
            tracing::warn!("rotation overdue");
        }
        Ok(ring)
    }
}

/// A change under way: no other program writes the ring in between, or the change fails.
pub(super) struct Change<'a> {
    /// The ring in use.
    pub(super) current: Ring,
    /// The ring of a rotation under way.
    pub(super) pending: Ring,
    place: Place<'a>,
}

enum Place<'a> {
    Secret { secret: &'a Secret, versions: Versions },
    File { file: &'a RingFile, _lock: File },
}

impl Change<'_> {
    /// Gives up the ring of a rotation under way, if there is one.
    pub(super) async fn give_up_pending(&self) -> Result<(), Error> {
        match &self.place {
            Place::Secret { secret, versions } => secret.give_up_pending(versions).await,
            Place::File { .. } => Ok(()),
        }
    }

    /// Makes `ring` the one in use.
    pub(super) async fn commit(self, ring: &Ring, now: Timestamp) -> Result<(), Error> {
        match self.place {
            Place::Secret { secret, versions } => {
                // By the stages of a rotation, since those fail where another version has become current in between.
                let version = format!("key-ring-{}", random::ulid(now)?);
                secret.put_pending(&version, ring).await?;
                secret.make_current(&version, &versions).await
            }
            Place::File { file, .. } => file.write(ring),
        }
    }
}
