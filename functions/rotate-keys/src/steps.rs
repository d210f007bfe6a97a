//! The four steps of a rotation as Secrets Manager calls them. Each may be repeated at any time.

use shared::app::App;
use shared::error::Error;
use shared::published::PublicKeys;
use shared::ring::Ring;

use crate::policy::Policy;
use crate::publication::Seen;
use crate::secret::{Secret, Stage, Versions};

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Makes the next ring, the pending version.
    Create,
    /// Publishes its keys.
    Set,
    /// Sees that what its keys sign verifies by what is published.
    Test,
    /// Makes it the current ring.
    Finish,
}

/// Runs a step for the version that Secrets Manager names by its token.
pub(crate) async fn run(app: &App, secret: &Secret<'_>, step: Step, version: &str) -> Result<(), Error> {
    let versions = secret.versions().await?;
    match versions.stage(version) {
        // All four steps were done, and this one is repeated.
        Stage::Current => return Ok(()),
        Stage::Pending => {}
        Stage::Neither => return Err(refused("the version of this token is not pending")),
    }
    let pending = secret.pending(version).await?;
    match (step, pending) {
        (Step::Create, Some(_)) => Ok(()),
        (Step::Create, None) => create(app, secret, version).await,
        (Step::Set, Some(ring)) => set(app, secret, &versions, &ring).await,
        (Step::Test, Some(ring)) if ring.keys.is_empty() => reach(app, secret).await,
        (Step::Test, Some(ring)) => test(app, &ring).await,
        // `rotate-secret` without rotating tests the function alone, with a version that has no value or the one that the secret
        // was made with.
        (Step::Test, None) => reach(app, secret).await,
        (Step::Finish, Some(ring)) => finish(app, secret, &versions, version, &ring).await,
        (Step::Set | Step::Finish, None) => {
            Err(refused("the pending version has no value: createSecret first"))
        }
    }
}

async fn create(app: &App, secret: &Secret<'_>, version: &str) -> Result<(), Error> {
    let current = secret.current().await?;
    let seen = Seen::read(app.store()?).await?;
    let next = Policy::of(app)?.rotated(current, &seen.published, app.clock().now())?;
    secret.put_pending(version, &next).await
}

async fn set(app: &App, secret: &Secret<'_>, versions: &Versions, next: &Ring) -> Result<(), Error> {
    let seen = check(app, secret, versions, next).await?;
    let now = app.clock().now();
    seen.replace(app.store()?, &seen.published.with(next, now), now)
        .await
}

async fn test(app: &App, next: &Ring) -> Result<(), Error> {
    let publication = app.store()?.published().await?;
    let publication = publication.ok_or_else(|| refused("nothing is published: setSecret first"))?;
    let public = PublicKeys::parse(&publication.document)
        .map_err(|error| Error::internal("what is published", error.to_string()))?;
    let now = app.clock().now();
    for ring_key in next.keys.iter().filter(|ring_key| now < ring_key.dates.drop_at) {
        let published = public
            .find(ring_key.key.kid(), now)
            .ok_or_else(|| refused("a key of the pending version is not published: setSecret first"))?;
        if !ring_key.key.agrees_with(published) {
            return Err(refused(
                "what a key signs does not verify by what is published of it",
            ));
        }
    }
    Ok(())
}

async fn reach(app: &App, secret: &Secret<'_>) -> Result<(), Error> {
    secret.current().await?;
    Seen::read(app.store()?).await.map(|_| ())
}

async fn finish(
    app: &App,
    secret: &Secret<'_>,
    versions: &Versions,
    version: &str,
    next: &Ring,
) -> Result<(), Error> {
    let seen = check(app, secret, versions, next).await?;
    let now = app.clock().now();
    let is_published = |kid: &str| seen.published.contains(kid);
    if next
        .keys
        .iter()
        .any(|ring_key| now < ring_key.dates.drop_at && !is_published(ring_key.key.kid()))
    {
        return Err(refused(
            "a key of the pending version is not published: setSecret first",
        ));
    }
    secret.make_current(version, versions).await
}

/// A pending ring that may not follow is given up, since its value can't be changed: the next rotation makes another.
async fn check(app: &App, secret: &Secret<'_>, versions: &Versions, next: &Ring) -> Result<Seen, Error> {
    let current = secret.current().await?;
    let seen = Seen::read(app.store()?).await?;
    match Policy::of(app)?.check(next, &current, &seen.published, app.clock().now()) {
        Ok(()) => Ok(seen),
        Err(rule) => {
            secret.give_up_pending(versions).await?;
            Err(refused(&format!(
                "the pending ring is given up, since {rule}; rotate again"
            )))
        }
    }
}

fn refused(why: &str) -> Error {
    Error::internal("the rotation", why)
}
