//! Rotations under `cargo dev`: when they are due, and those that `cargo rotate` runs beside the service.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sam_template::Template;
use shared::clock::Clock;
use shared::error::Error;
use shared::function::Function;
use shared::keys::{Ring, Rotation};

use crate::data::short;
use crate::functions::Settings;
use crate::{KEYS_FILE, StartError, TABLE_NAME};

/// How long the service waits at most until it checks again whether a rotation is due.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// A change of the signing keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Rotates.
    Rotate,
    /// Drops the compromised key of this id.
    DropKey(String),
}

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

/// What a change of the signing keys leads to.
#[derive(Debug)]
pub struct Changed {
    /// The keys afterwards.
    pub ring: Ring,
    /// By when who sees the change, as a sentence.
    pub seen: String,
}

/// Changes the keys of the service that keeps its data in `folder`.
pub async fn run(
    command: Command,
    folder: &Path,
    endpoint: String,
    overrides: impl Fn(&str) -> Option<String> + Send + Sync,
    clock: Clock,
) -> Result<Changed, StartError> {
    let template = Template::of_this_project().map_err(StartError::Template)?;
    let file = folder.join(KEYS_FILE);
    if !file.exists() {
        return Err(StartError::KeysFile(format!(
            "{} is not there: start `cargo dev` first, or name its folder with --data-dir",
            short(&file).display()
        )));
    }
    let settings = Settings {
        template: &template,
        settings: BTreeMap::from([
            ("TABLE_NAME", TABLE_NAME.to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.clone()),
            ("SIGNING_KEYS_FILE", file.display().to_string()),
            ("SIGNING_KEYS_SECRET", String::new()),
        ]),
        overrides,
        clock: &clock,
    };
    let rotation = connect(&settings).await?;
    let changed = match &command {
        Command::Rotate => rotation.rotate().await,
        Command::DropKey(kid) => rotation.drop_compromised(kid).await,
    };
    changed.map_err(|error| match error {
        error @ Error::Unavailable(_) => StartError::NoDynamodb(endpoint, error),
        error => error.into(),
    })?;
    let ring = rotation.ring.current().await?;
    let seen = seen(&command, &ring, &rotation);
    Ok(Changed { ring, seen })
}

/// Describes when a change takes effect. A function's own copy of the keys has its maximum age, and the lead is longer than all copies of
/// a verifier may be old together.
fn seen(command: &Command, ring: &Ring, rotation: &Rotation) -> String {
    let (now, lead) = (rotation.clock.now(), rotation.lifecycle.lead);
    let (by_us, by_all) = (now.plus(lead.copy_seconds()), now.plus(lead.seconds));
    match command {
        Command::Rotate => {
            let signs = ring
                .newest_signs_from()
                .map_or_else(String::new, |time| format!("; it signs from {time}"));
            format!(
                "`cargo dev` publishes the new key by {by_us}, and every verifier has it by {by_all}{signs}."
            )
        }
        Command::DropKey(_) => format!(
            "`cargo dev` rejects tokens of what was dropped by {by_us}. Other verifiers accept them until their caches expire, at \
             the latest at {by_all}: have them fetch the JWK Set after {by_us}."
        ),
    }
}
