//! The ring in the file of a running `cargo dev`, and the published keys.

use shared::clock::Timestamp;
use shared::env::Env;
use shared::error::Error;
use shared::keys::{Published, Ring, RingKey, RingStore};

use super::Keys;
use super::check::Check;
use crate::dev::Dev;

/// What to type where the published keys are lost or wrong.
pub(super) const RESTORE: &str =
    "latchkey keys rotate; if that does not help, see docs/restore.md, \"The published keys\"";
const RESTORE_FILE: &str = "put back a copy of the file; or stop `cargo dev`, delete the file and start again: every user logs in again";
const ROTATE: &str = "latchkey keys rotate";
const NO_SECRET: &str =
    "give --stack, or --secret, its output SigningKeysSecret; for a running `cargo dev` say `cargo latchkey`";

/// Checks the ring of a running `cargo dev`; on AWS no operator reads it.
pub(super) async fn ring(dev: Option<&Dev>, keys: &Keys) -> Check {
    let Some(dev) = dev else {
        return Check::not_checked("ring", NO_SECRET);
    };
    let file = dev.keys_file();
    if !file.exists() {
        return Check::wrong("ring", format!("{} is not there", file.display()), RESTORE_FILE);
    }
    let own = Env::new(|name| dev.ring_variable(name));
    let read = match RingStore::connect(&own).await {
        Ok(store) => store.current().await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match read {
        Ok(ring) => of_ring(&ring, keys),
        Err(error) => Check::wrong("ring", error, RESTORE_FILE),
    }
}

fn of_ring(ring: &Ring, keys: &Keys) -> Check {
    let now = keys.clock.now();
    let wrong = |what: String| Check::wrong("ring", what, ROTATE);
    let Some(signer) = ring.signer(now, keys.lifecycle.reach_seconds()) else {
        let last = ring.keys.iter().max_by_key(|key| key.dates.signs_from);
        return Check::wrong(
            "ring",
            "no key may sign now, so that a log-in is a 503",
            signing_at_once(last.map(|last| last.key.kid())),
        );
    };
    if ring.session_key(now).is_none() || ring.names_key.is_none() {
        return wrong("it has no session key that seals, or no key of names".to_owned());
    }
    if ring.is_overdue(now) {
        return wrong("a rotation is overdue: the newest key has been signing for too long".to_owned());
    }
    let Some(published) = &keys.published else {
        return Check::right("ring", format!("{} signs", signer.kid()));
    };
    if let Some(kid) = ring.kids().find(|kid| published.is_compromised(kid)) {
        return Check::wrong(
            "ring",
            format!("the key {kid} was compromised and is in it again"),
            format!("latchkey keys drop {kid}"),
        );
    }
    let is_missing = |key: &&RingKey| now < key.dates.drop_at && !published.covers(key);
    if let Some(missing) = ring.keys.iter().find(is_missing) {
        return wrong(format!(
            "its key {} is not published as it signs",
            missing.key.kid()
        ));
    }
    Check::right(
        "ring",
        format!(
            "{} signs; {} keys and {} session keys, all of them as published",
            signer.kid(),
            ring.keys.len(),
            ring.session_keys.len()
        ),
    )
}

/// Returns what makes a key that signs at once: the emergency, since the new key of a rotation waits for the lead. A first ring does not.
fn signing_at_once(last: Option<&str>) -> String {
    last.map_or_else(|| ROTATE.to_owned(), |kid| format!("latchkey keys drop {kid}"))
}

/// Says why the published keys were not read.
pub(super) fn unread(error: &Error) -> Check {
    let why = error.to_string();
    match error {
        Error::Unavailable(_) if why.contains("AccessDenied") => {
            Check::denied("published", "dynamodb:GetItem")
        }
        Error::Unavailable(_) => Check::not_checked("published", why),
        _ => Check::wrong("published", why, RESTORE),
    }
}

/// Checks what is published.
pub(super) fn published(published: &Published, keys: &Keys) -> Check {
    let now = keys.clock.now();
    if published.is_empty() {
        return Check::wrong("published", "no key is published yet", ROTATE);
    }
    if let Err(error) = published.check() {
        return Check::wrong("published", error.to_string(), RESTORE);
    }
    let newest = published.keys().iter().map(|key| key.signs_from).max();
    let has_signer = published
        .keys()
        .iter()
        .any(|key| key.signs_from <= now && now < key.drop_at);
    if !has_signer {
        let last = published.keys().iter().max_by_key(|key| key.signs_from);
        return Check::wrong(
            "published",
            "every key has expired, or signs later",
            signing_at_once(last.and_then(|last| last.kid())),
        );
    }
    if newest.is_some_and(|newest| is_overdue(newest, now, keys)) {
        return Check::wrong(
            "published",
            "a rotation is overdue: the newest key has been signing for too long",
            ROTATE,
        );
    }
    Check::right("published", format!("{} keys", published.keys().len()))
}

/// Reports whether the newest key has been signing for a tenth of a rotation, by the times of this environment's variables.
fn is_overdue(newest: Timestamp, now: Timestamp, keys: &Keys) -> bool {
    keys.lifecycle.dates(newest, newest).is_rotation_overdue(now)
}
