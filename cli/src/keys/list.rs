//! The published keys, a line each.

use shared::clock::Timestamp;
use shared::keys::{Published, PublishedKey};

/// Returns a line for each key, and one for each that was compromised, which no ring brings back until its last time.
pub(super) fn lines(published: &Published, now: Timestamp) -> String {
    let signer = signer(published, now);
    let keys = published.keys().iter().map(|key| {
        let columns = [
            key.kid().unwrap_or("-").to_owned(),
            key.algorithm()
                .map_or_else(|| "-".to_owned(), |algorithm| format!("{algorithm:?}")),
            state(key, signer, now).to_owned(),
            key.published_at.to_string(),
            key.signs_from.to_string(),
            key.drop_at.to_string(),
        ];
        columns.join("\t") + "\n"
    });
    let compromised = published
        .compromised()
        .map(|(kid, forget_at)| format!("{kid}\t-\tcompromised\t-\t-\t{forget_at}\n"));
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

    use super::lines;

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
        let lines = lines(&published, at(100));
        let states: Vec<&str> = lines
            .lines()
            .map(|line| line.split('\t').nth(2).unwrap())
            .collect();
        assert_eq!(states, ["expired", "retired", "signs", "next", "compromised"]);
        let kid = ring.keys[3].key.kid();
        let dates = "1970-01-01T00:00:00Z\t1970-01-01T00:03:20Z\t1970-01-01T00:08:20Z";
        assert_eq!(
            lines.lines().nth(3).unwrap(),
            format!("{kid}\tEdDSA\tnext\t{dates}")
        );
        assert!(lines.ends_with("k\t-\tcompromised\t-\t-\t1970-01-01T00:15:00Z\n"));
    }
}
