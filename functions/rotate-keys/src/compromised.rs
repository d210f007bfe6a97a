//! The emergency: a private key that others may know leaves ring and JWK Set at once.

use shared::app::App;
use shared::error::Error;

use crate::policy::Policy;
use crate::publication::Seen;
use crate::secret::Secret;

/// Drops a key. It may be repeated, and must be where it failed half-way.
pub(crate) async fn drop_key(app: &App, secret: &Secret<'_>, kid: &str) -> Result<(), Error> {
    let now = app.clock().now();
    // A pending ring has the key, or lacks the one that is made here.
    secret.give_up_pending(&secret.versions().await?).await?;
    let current = secret.current().await?;
    let seen = Seen::read(app.store()?).await?;
    let in_ring = current.keys.iter().find(|ring_key| ring_key.key.kid() == kid);
    let last = in_ring
        .map(|ring_key| ring_key.dates.drop_at)
        .into_iter()
        .chain(seen.published.drop_at(kid))
        .max();
    let Some(forget_at) = last else {
        return if seen.published.is_compromised(kid) {
            Ok(())
        } else {
            Err(Error::internal("the emergency", "no key has this kid"))
        };
    };
    let next = Policy::of(app)?.without(current, kid, now)?;
    // First what is published: from here on nobody who fetches takes the key, even where the secret can't be reached.
    let published = seen.published.without(kid, forget_at).with(&next, now);
    seen.replace(app.store()?, &published, now).await?;
    secret.put_current(&next).await
}
