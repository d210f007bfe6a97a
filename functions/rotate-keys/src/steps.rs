//! The four steps of a rotation as Secrets Manager calls them. Each may be repeated at any time.

use shared::error::Error;
use shared::events::Event;
use shared::keys::{Published, Ring, Rotation, Secret, Stage, Versioned, Versions};

const NOT_PUBLISHED: &str =
    "a key of the pending version is not published, or for a later time: setSecret first";

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Makes the next ring, the pending version.
    Create,
    /// Publishes its keys.
    Set,
    /// Checks that what its keys sign verifies by what is published.
    Test,
    /// Makes it the current ring.
    Finish,
}

/// Runs a step for the version that Secrets Manager names by its token.
pub(crate) async fn run(
    rotation: &Rotation,
    secret: &Secret,
    step: Step,
    version: &str,
) -> Result<(), Error> {
    let versions = secret.versions().await?;
    match versions.stage(version) {
        // All four steps were done, and this one is repeated.
        Stage::Current => return Ok(()),
        Stage::Pending => {}
        Stage::Neither => return Err(rejected("the version of this token is not pending")),
    }
    let pending = secret.pending(version).await?;
    match (step, pending) {
        (Step::Create, Some(_)) => Ok(()),
        (Step::Create, None) => create(rotation, secret, version).await,
        (Step::Set, Some(ring)) => set(rotation, secret, &versions, &ring).await,
        (Step::Test, Some(ring)) if ring.keys.is_empty() => reach(rotation, secret).await,
        (Step::Test, Some(ring)) => test(rotation, &ring).await,
        // `rotate-secret` without rotating tests the function alone, with a version that has no value or the one that the secret
        // was made with.
        (Step::Test, None) => reach(rotation, secret).await,
        (Step::Finish, Some(ring)) => finish(rotation, secret, &versions, version, &ring).await,
        (Step::Set | Step::Finish, None) => {
            Err(rejected("the pending version has no value: createSecret first"))
        }
    }
}

async fn create(rotation: &Rotation, secret: &Secret, version: &str) -> Result<(), Error> {
    let current = secret.current().await?;
    let published = rotation.published.read().await?;
    let next = rotation
        .lifecycle
        .rotated(current, &published.value, rotation.clock.now())?;
    secret.put_pending(version, &next).await
}

async fn set(rotation: &Rotation, secret: &Secret, versions: &Versions, next: &Ring) -> Result<(), Error> {
    let published = check(rotation, secret, versions, next).await?;
    let now = rotation.clock.now();
    let next = published.value.with(next, now);
    rotation.published.replace(&published, &next, now).await
}

async fn test(rotation: &Rotation, next: &Ring) -> Result<(), Error> {
    let published = rotation.published.read().await?.value;
    let now = rotation.clock.now();
    for ring_key in next.keys.iter().filter(|ring_key| now < ring_key.dates.drop_at) {
        let public = published
            .find(ring_key.key.kid(), now)
            .filter(|_| published.covers(ring_key))
            .ok_or_else(|| rejected(NOT_PUBLISHED))?;
        if !ring_key.key.agrees_with(public) {
            return Err(rejected(
                "what a key signs does not verify by what is published of it",
            ));
        }
    }
    Ok(())
}

/// Reads secret and table, which shows that both are in reach.
async fn reach(rotation: &Rotation, secret: &Secret) -> Result<(), Error> {
    secret.current().await?;
    rotation.published.read().await.map(|_| ())
}

async fn finish(
    rotation: &Rotation,
    secret: &Secret,
    versions: &Versions,
    version: &str,
    next: &Ring,
) -> Result<(), Error> {
    let published = check(rotation, secret, versions, next).await?.value;
    let now = rotation.clock.now();
    if next
        .keys
        .iter()
        .any(|ring_key| now < ring_key.dates.drop_at && !published.covers(ring_key))
    {
        return Err(rejected(NOT_PUBLISHED));
    }
    secret.make_current(version, versions).await?;
    if let Some(newest) = next.keys.iter().max_by_key(|ring_key| ring_key.dates.signs_from) {
        Event::KeyRotated {
            kid: newest.key.kid(),
        }
        .log();
    }
    Ok(())
}

/// Checks that the pending ring may follow. One that may not is given up, since its value can't be changed: the next rotation
/// makes another.
async fn check(
    rotation: &Rotation,
    secret: &Secret,
    versions: &Versions,
    next: &Ring,
) -> Result<Versioned<Published>, Error> {
    let current = secret.current().await?;
    let published = rotation.published.read().await?;
    let now = rotation.clock.now();
    match rotation.lifecycle.check(next, &current, &published.value, now) {
        Ok(()) => Ok(published),
        Err(rule) => {
            secret.give_up_pending(versions).await?;
            Err(rejected(&format!(
                "the pending ring is given up, since {rule}; rotate again"
            )))
        }
    }
}

fn rejected(why: &str) -> Error {
    Error::internal("the rotation", why)
}
