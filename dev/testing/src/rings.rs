//! Key rings whose keys sign now, and their public side.

use std::sync::OnceLock;

use shared::clock::Timestamp;
use shared::keys::{Dates, Kind, NamesKey, Published, Ring, RingKey, SessionKey, SigningKey};

/// 2100-01-01.
const FAR: Timestamp = Timestamp::from_unix(4_102_444_800);

/// Returns the document of a ring with a fresh key of each kind, of which the first signs, a session key and a key of names.
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
    let ring = Ring {
        keys: keys.collect(),
        session_keys: vec![SessionKey::generate(Timestamp::from_unix(0)).unwrap()],
        names_key: Some(NamesKey::generate().unwrap()),
    };
    ring.document().unwrap().to_string()
}

/// Returns the ring that the tests of one process share, because making an RSA key is slow.
pub fn shared_ring() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| ring_of(&[Kind::Rs256]))
}

/// Returns the document that publishes the keys of a ring.
pub fn published(ring: &str) -> String {
    let ring = Ring::parse(ring).unwrap();
    let published = Published::default().with(&ring, Timestamp::from_unix(0));
    published.document().unwrap()
}
