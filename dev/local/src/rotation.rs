//! Rotations under `cargo dev`: when they are due.

use std::time::Duration;

use shared::function::Function;
use shared::keys::Rotation;

use crate::StartError;
use crate::functions::Settings;

/// How long the service waits at most until it checks again whether a rotation is due.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// Creates the rotation of the service with these settings, as the function `rotate-keys` does.
pub(crate) async fn connect<O: Fn(&str) -> Option<String> + Send + Sync>(
    settings: &Settings<'_, O>,
) -> Result<Rotation, StartError> {
    let env = settings.env(rotate_keys::RotateKeys::NAME)?;
    Ok(Rotation::connect(&env, settings.clock).await?)
}

/// Rotates whenever the newest key has begun to sign, as the schedule of a deployment does.
pub(crate) async fn rotate_when_due(rotation: Rotation) {
    loop {
        let ring = rotation.ring.current().await;
        let due = ring.ok().and_then(|ring| ring.newest_signs_from());
        let now = rotation.clock.now();
        if due.is_some_and(|due| due <= now) {
            match rotation.rotate().await {
                Ok(()) => tracing::info!("the signing keys were rotated"),
                Err(error) => tracing::error!(%error, "the signing keys could not be rotated"),
            }
        }
        let seconds = due.map_or(0, |due| due.unix() - now.unix());
        let wait = Duration::from_secs(u64::try_from(seconds).unwrap_or(0).max(1));
        tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
    }
}
