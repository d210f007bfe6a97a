//! The emergency: private keys that others may know leave ring and JWK Set at once.

use shared::app::App;
use shared::error::Error;
use shared::random;
use shared::ring::Ring;

use crate::policy::Policy;
use crate::publication::Seen;
use crate::secret::Secret;

/// Drops a key, or every one. It may be repeated, and must be where it failed half-way.
pub(crate) async fn drop_keys(app: &App, secret: &Secret<'_>, kid: &str) -> Result<(), Error> {
    let now = app.clock().now();
    let versions = secret.versions().await?;
    let current = secret.current().await?;
    let pending = match versions.pending() {
        Some(version) => secret.pending(version).await?.unwrap_or_default(),
        None => Ring::default(),
    };
    let seen = Seen::read(app.store()?).await?;
    let kids = Policy::named(kid, &[&current, &pending], &seen.published)
        .map_err(|rule| Error::internal("the emergency", rule))?;
    if kids.is_empty() {
        return Ok(());
    }
    // A pending ring has the key, or lacks the one that is made here.
    secret.give_up_pending(&versions).await?;
    let (ring, published) = Policy::of(app)?.emergency(current, &seen.published, &kids, now)?;
    // First what is published: from here on nobody who fetches takes the key, even where the secret can't be reached.
    seen.replace(app.store()?, &published, now).await?;
    // By the stages of a rotation, since those fail where another version has become the current one in between.
    let version = format!("emergency-{}", random::ulid(now)?);
    secret.put_pending(&version, &ring).await?;
    secret.make_current(&version, &versions).await
}
