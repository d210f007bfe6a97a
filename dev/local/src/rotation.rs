//! A rotation on the laptop, beside the running service: what `cargo rotate` does.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use sam_template::Template;
use shared::clock::{Clock, Timestamp};
use shared::keys::Kind;
use shared::ring::RingKey;

use crate::{KEYS_FILE, StartError, TABLE_NAME, functions};

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// A rotation.
    Rotate,
    /// Drop the key of this id.
    DropKey(String),
}

/// A key of the ring after it, to be shown.
#[derive(Clone, Debug)]
pub struct Shown {
    kid: String,
    kind: Kind,
    signs_from: Timestamp,
    signs_until: Timestamp,
    drop_at: Timestamp,
}

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {} signs from {} until {}, may be dropped at {}",
            self.kid, self.kind, self.signs_from, self.signs_until, self.drop_at
        )
    }
}

impl Shown {
    fn of(RingKey { key, dates }: &RingKey) -> Self {
        Self {
            kid: key.kid().to_owned(),
            kind: key.kind(),
            signs_from: dates.signs_from,
            signs_until: dates.signs_until,
            drop_at: dates.drop_at,
        }
    }
}

/// Does it to the service that keeps its keys in `folder`, and gives the ring's keys afterwards.
///
/// # Errors
///
/// What is in the way, in words for the person who asked for it.
pub async fn run(
    order: Order,
    folder: &Path,
    dynamodb_endpoint: String,
    overrides: impl Fn(&str) -> Option<String>,
    clock: Clock,
) -> Result<Vec<Shown>, StartError> {
    let template = Template::of_this_project().map_err(StartError::Template)?;
    let file = folder.join(KEYS_FILE);
    if !file.exists() {
        return Err(StartError::KeysFile(format!(
            "{} is not there; start cargo dev first",
            file.display()
        )));
    }
    let settings = BTreeMap::from([
        ("TABLE_NAME", TABLE_NAME.to_owned()),
        ("DYNAMODB_ENDPOINT", dynamodb_endpoint),
        ("SIGNING_KEYS_FILE", file.display().to_string()),
        ("SIGNING_KEYS_SECRET", String::new()),
    ]);
    let ring = functions::key_ring(&template, &settings, overrides, &clock).await?;
    match order {
        Order::Rotate => ring.rotate().await?,
        Order::DropKey(kid) => ring.drop_key(&kid).await?,
    }
    Ok(ring.read()?.keys.iter().map(Shown::of).collect())
}
