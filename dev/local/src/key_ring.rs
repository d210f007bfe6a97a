//! The key ring of the laptop: a file that its owner alone can read, with the content and the life of a deployment's secret.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rotate_keys::policy::Policy;
use rotate_keys::publication::Seen;
use shared::app::App;
use shared::clock::{Clock, Timestamp};
use shared::config::RingPlace;
use shared::error::Error;
use shared::ring::Ring;
use shared::store::Store;
use zeroize::Zeroizing;

use crate::StartError;

/// How long the service waits at most until it looks again whether a rotation is due.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// The ring in its file, with what a rotation needs.
#[derive(Clone)]
pub(crate) struct KeyRing {
    file: PathBuf,
    store: Store,
    policy: Policy,
    clock: Clock,
}

impl KeyRing {
    /// Of the app of the function `rotate-keys`, whose ring is in a file.
    pub(crate) fn of(app: &App) -> Result<Self, StartError> {
        let place = app.ring_config().map(|ring| ring.place.clone());
        let RingPlace::File(file) = place.map_err(StartError::App)? else {
            return Err(StartError::KeysFile(
                "SIGNING_KEYS_SECRET is for a deployment".to_owned(),
            ));
        };
        Ok(Self {
            file,
            store: app.store().map_err(StartError::App)?.clone(),
            policy: Policy::of(app).map_err(StartError::App)?,
            clock: app.clock().clone(),
        })
    }

    /// Makes the first ring if there is none, and sees that what there is is published. A ring whose keys have all ended, or whose
    /// times were so much shorter that no key of it may sign, is begun anew: on a laptop nobody has cached the old one.
    pub(crate) async fn prepare(&self) -> Result<(), StartError> {
        let _alone = self.lock()?;
        let now = self.clock.now();
        let ring = self.read()?;
        let seen = self.seen().await?;
        if ring.signer(now, self.policy.reach()).is_some() {
            return self.publish(&seen, &seen.published.with(&ring, now), now).await;
        }
        let ring = self.policy.rotated(Ring::default(), &seen.published, now);
        self.publish_and_write(&seen, ring, now).await
    }

    /// Makes and publishes the next key, then writes the ring.
    pub(crate) async fn rotate(&self) -> Result<(), StartError> {
        let _alone = self.lock()?;
        let now = self.clock.now();
        let seen = self.seen().await?;
        let ring = self.policy.rotated(self.read()?, &seen.published, now);
        self.publish_and_write(&seen, ring, now).await
    }

    /// Drops a key that was compromised, or every one.
    pub(crate) async fn drop_key(&self, kid: &str) -> Result<(), StartError> {
        let _alone = self.lock()?;
        let now = self.clock.now();
        let seen = self.seen().await?;
        let ring = self.read()?;
        let kids = Policy::named(kid, &[&ring], &seen.published)
            .map_err(|rule| self.failed(&format!(": {rule}")))?;
        if kids.is_empty() {
            return Ok(());
        }
        let dropped = self.policy.emergency(ring, &seen.published, &kids, now);
        let (ring, published) = dropped.map_err(|error| self.failed(&format!("{error:?}")))?;
        self.publish(&seen, &published, now).await?;
        self.write(&ring)
    }

    /// Rotates whenever the last key has begun to sign, as the schedule of a deployment does.
    pub(crate) async fn rotate_when_due(self) {
        loop {
            let due = self.read().ok().and_then(|ring| newest(&ring));
            let now = self.clock.now();
            if due.is_some_and(|due| due <= now) {
                match self.rotate().await {
                    Ok(()) => tracing::info!("the signing keys were rotated"),
                    Err(error) => tracing::error!(%error, "the signing keys could not be rotated"),
                }
            }
            let seconds = due.map_or(0, |due| due.unix() - now.unix());
            let wait = Duration::from_secs(u64::try_from(seconds).unwrap_or(0).max(1));
            tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
        }
    }

    async fn publish_and_write(
        &self,
        seen: &Seen,
        ring: Result<Ring, Error>,
        now: Timestamp,
    ) -> Result<(), StartError> {
        let ring = ring.map_err(|error| self.failed(&format!("{error:?}")))?;
        self.publish(seen, &seen.published.with(&ring, now), now).await?;
        self.write(&ring)
    }

    /// The service and `cargo rotate` change the file one after the other.
    fn lock(&self) -> Result<File, StartError> {
        let lock = || -> std::io::Result<File> {
            let file = File::create(self.file.with_extension("lock"))?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(|error| self.failed(&error.to_string()))
    }

    async fn seen(&self) -> Result<Seen, StartError> {
        Seen::read(&self.store).await.map_err(StartError::App)
    }

    async fn publish(
        &self,
        seen: &Seen,
        next: &shared::published::Published,
        now: Timestamp,
    ) -> Result<(), StartError> {
        let replaced: Result<(), Error> = seen.replace(&self.store, next, now).await;
        replaced.map_err(StartError::App)
    }

    /// One without keys where there is no file.
    pub(crate) fn read(&self) -> Result<Ring, StartError> {
        match std::fs::read_to_string(&self.file).map(Zeroizing::new) {
            Ok(document) => Ring::parse(&document).map_err(|error| self.failed(&error.to_string())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Ring::default()),
            Err(error) => Err(self.failed(&error.to_string())),
        }
    }

    /// Whole or not at all: a function may read it at any time.
    fn write(&self, ring: &Ring) -> Result<(), StartError> {
        let document = ring.document().map_err(|error| self.failed(&error.to_string()))?;
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            // The owner's alone, as temporary files are made.
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(document.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&self.file)?;
            Ok(())
        };
        write().map_err(|error| self.failed(&error.to_string()))
    }

    fn failed(&self, rule: &str) -> StartError {
        StartError::KeysFile(format!("{} {rule}", self.file.display()))
    }
}

fn newest(ring: &Ring) -> Option<Timestamp> {
    ring.keys.iter().map(|ring_key| ring_key.dates.signs_from).max()
}
