//! The published keys, as an operator sees them.

use serde::Serialize;
use shared::clock::Timestamp;
use shared::keys::{Published, PublishedKey};

use crate::output::Row;

/// A published key, or one that was compromised, which no ring brings back until its last time.
#[derive(Serialize)]
pub(super) struct Shown {
    id: Option<String>,
    algorithm: Option<String>,
    state: &'static str,
    published_at: Option<Timestamp>,
    signs_from: Option<Timestamp>,
    drop_at: Timestamp,
}

impl Row for Shown {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "algorithm",
        "state",
        "published_at",
        "signs_from",
        "drop_at",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            cell(self.id.as_ref()),
            cell(self.algorithm.as_ref()),
            self.state.to_owned(),
            cell(self.published_at),
            cell(self.signs_from),
            self.drop_at.to_string(),
        ]
    }
}

fn cell(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Returns the keys that are published and those that were compromised.
pub(super) fn shown(published: &Published, now: Timestamp) -> Vec<Shown> {
    let signer = signer(published, now);
    let keys = published.keys().iter().map(|key| Shown {
        id: key.kid().map(str::to_owned),
        algorithm: key.algorithm().map(|algorithm| format!("{algorithm:?}")),
        state: state(key, signer, now),
        published_at: Some(key.published_at),
        signs_from: Some(key.signs_from),
        drop_at: key.drop_at,
    });
    let compromised = published.compromised().map(|(kid, forget_at)| Shown {
        id: Some(kid.to_owned()),
        algorithm: None,
        state: "compromised",
        published_at: None,
        signs_from: None,
        drop_at: forget_at,
    });
    keys.chain(compromised).collect()
}

/// Returns the key that signs, of those whose time has come the one that began last.
fn signer(published: &Published, now: Timestamp) -> Option<&PublishedKey> {
    published
        .keys()
        .iter()
        .filter(|key| key.signs_from <= now && now < key.drop_at)
        .max_by_key(|key| (key.signs_from, key.published_at))
}

fn state(key: &PublishedKey, signer: Option<&PublishedKey>, now: Timestamp) -> &'static str {
    if key.algorithm().is_none() {
        "unusable"
    } else if key.drop_at <= now {
        "expired"
    } else if now < key.signs_from {
        "next"
    } else if signer == Some(key) {
        "signs"
    } else {
        "retired"
    }
}

#[cfg(test)]
mod tests {
    use shared::clock::Timestamp;
    use shared::keys::{Dates, Kind, Published, Ring, RingKey, SigningKey};

    use super::shown;
    use crate::output::Row;

    #[test]
    fn each_key_has_the_state_of_its_dates() {
        let at = Timestamp::from_unix;
        let key = |signs_from: i64, drop_at: i64| RingKey {
            key: SigningKey::generate(Kind::EdDsa).unwrap(),
            dates: Dates {
                made_at: at(0),
                signs_from: at(signs_from),
                signs_until: at(drop_at),
                drop_at: at(drop_at),
            },
        };
        let ring = Ring {
            keys: vec![key(0, 50), key(10, 500), key(20, 500), key(200, 500)],
            ..Ring::default()
        };
        let published = Published::default().with(&ring, at(0)).without("k", at(900));
        let shown = shown(&published, at(100));
        let states: Vec<&str> = shown.iter().map(|key| key.state).collect();
        assert_eq!(states, ["expired", "retired", "signs", "next", "compromised"]);
        let dates = [
            "1970-01-01T00:00:00Z",
            "1970-01-01T00:03:20Z",
            "1970-01-01T00:08:20Z",
        ];
        let next = [&[ring.keys[3].key.kid(), "EdDSA", "next"][..], &dates].concat();
        assert_eq!(shown[3].cells(), next);
        assert_eq!(
            shown[4].cells(),
            ["k", "-", "compromised", "-", "-", "1970-01-01T00:15:00Z"]
        );
    }
}
