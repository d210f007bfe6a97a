//! Key rings whose keys sign now, and what is published of them.

use std::sync::OnceLock;

use shared::clock::Timestamp;
use shared::keys::{Dates, Kind, Published, Ring, RingKey, SigningKey};

/// 2100-01-01.
const FAR: Timestamp = Timestamp::from_unix(4_102_444_800);

/// The document of a ring with a fresh key of each kind; the first signs.
///
/// # Panics
///
/// If no key can be made.
#[must_use]
pub fn ring_of(kinds: &[Kind]) -> String {
    let last = i64::try_from(kinds.len()).unwrap();
    let keys = (0..last).zip(kinds).map(|(index, kind)| RingKey {
        key: SigningKey::generate(*kind).unwrap(),
        dates: Dates {
            made_at: Timestamp::from_unix(0),
            signs_from: Timestamp::from_unix(last - index),
            signs_until: FAR,
            drop_at: FAR,
        },
    });
    let ring = Ring { keys: keys.collect() };
    ring.document().unwrap().to_string()
}

/// The ring that the tests of one process share: an RSA key takes a while to make.
///
/// # Panics
///
/// If no key can be made.
pub fn shared_ring() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| ring_of(&[Kind::Rs256]))
}

/// The document that publishes the keys of a ring's.
///
/// # Panics
///
/// If it is no ring's.
#[must_use]
pub fn published(ring: &str) -> String {
    let ring = Ring::parse(ring).unwrap();
    let published = Published::default().with(&ring, Timestamp::from_unix(0));
    published.document().unwrap()
}

/// The id of the first key of a ring's document.
///
/// # Panics
///
/// If it is no ring's, or has no key.
#[must_use]
pub fn first_kid(ring: &str) -> String {
    Ring::parse(ring).unwrap().keys[0].key.kid().to_owned()
}
