//! Each rule of the next ring alone. In a whole rotation other rules would catch the same fault.

use shared::clock::Timestamp;
use shared::keys::{Dates, Kind, Lead, Lifecycle, Published, Ring, RingKey, SessionKey, SigningKey};

const LIFECYCLE: Lifecycle = Lifecycle {
    kind: Kind::EdDsa,
    lead: Lead { seconds: 100 },
    rotation_seconds: 1000,
    token_seconds: 10,
    session_seconds: 500,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_800_000_000 + seconds)
}

fn first(published: &Published) -> Ring {
    LIFECYCLE.rotated(Ring::default(), published, at(0)).unwrap()
}

/// Returns a ring with the same keys and dates.
fn copy(ring: &Ring) -> Ring {
    Ring::parse(&ring.document().unwrap()).unwrap()
}

#[test]
fn a_ring_may_follow_itself_once_it_is_published() {
    let ring = first(&Published::default());
    let published = Published::default().with(&ring, at(0));
    assert_eq!(LIFECYCLE.check(&ring, &ring, &published, at(1)), Ok(()));
}

#[test]
fn a_ring_that_lacks_a_current_key_may_not_follow_unless_that_key_counts_no_more() {
    let current = first(&Published::default());
    let published = Published::default().with(&current, at(0));
    let mut next = copy(&current);
    let lost = next.keys.remove(0);
    let lacks = Err("it lacks a key of the current ring");
    assert_eq!(LIFECYCLE.check(&next, &current, &published, at(1)), lacks);
    assert_eq!(
        LIFECYCLE.check(&next, &current, &published, lost.dates.drop_at),
        Ok(())
    );
    let without = published.without(lost.key.kid(), at(9000));
    assert_eq!(LIFECYCLE.check(&next, &current, &without, at(1)), Ok(()));
}

#[test]
fn a_ring_with_a_compromised_key_may_not_follow() {
    let ring = first(&Published::default());
    let published = Published::default()
        .with(&ring, at(0))
        .without(ring.keys[0].key.kid(), at(9000));
    let rejected = Err("it has a key that was compromised");
    assert_eq!(
        LIFECYCLE.check(&ring, &Ring::default(), &published, at(1)),
        rejected
    );
}

#[test]
fn a_new_key_that_would_sign_within_the_lead_may_not_follow() {
    let current = first(&Published::default());
    let published = Published::default().with(&current, at(0));
    let mut next = copy(&current);
    next.keys.push(RingKey {
        key: SigningKey::generate(Kind::EdDsa).unwrap(),
        dates: Dates {
            made_at: at(0),
            signs_from: at(200),
            signs_until: at(2000),
            drop_at: at(3000),
        },
    });
    assert_eq!(LIFECYCLE.check(&next, &current, &published, at(100)), Ok(()));
    let soon = Err("it has a key that would sign too soon after it is published");
    assert_eq!(LIFECYCLE.check(&next, &current, &published, at(101)), soon);
    // Also one that pretends to be the first.
    next.keys[2].dates.signs_from = at(0);
    assert_eq!(LIFECYCLE.check(&next, &current, &published, at(0)), soon);
}

#[test]
fn a_new_session_key_may_not_seal_within_the_lead_unless_it_is_the_first() {
    let current = first(&Published::default());
    let published = Published::default().with(&current, at(0));
    let mut next = copy(&current);
    next.session_keys.push(SessionKey::generate(at(200)).unwrap());
    assert_eq!(LIFECYCLE.check(&next, &current, &published, at(100)), Ok(()));
    let soon = Err("it has a session key that would seal too soon");
    assert_eq!(LIFECYCLE.check(&next, &current, &published, at(101)), soon);
    let mut without = copy(&current);
    without.session_keys.clear();
    assert_eq!(LIFECYCLE.check(&next, &without, &published, at(101)), Ok(()));
}

#[test]
fn a_session_key_stays_until_the_last_session_that_it_sealed_can_have_ended() {
    let ring = first(&Published::default());
    let published = Published::default().with(&ring, at(0));
    let [old] = <[SessionKey; 1]>::try_from(ring.session_keys.clone()).unwrap();
    let rotated = LIFECYCLE.rotated(ring, &published, at(1000)).unwrap();
    let successor = rotated.session_keys[1].clone();
    assert_eq!(successor.signs_from, rotated.keys[2].dates.signs_from);
    let published = published.with(&rotated, at(1000));
    let mut next = copy(&rotated);
    next.session_keys.remove(0);
    let lacks = Err("it lacks a session key of the current ring");
    for (after, has, checked) in [(0, true, lacks), (599, true, lacks), (600, false, Ok(()))] {
        let now = Timestamp::from_unix(successor.signs_from.unix() + after);
        assert_eq!(
            LIFECYCLE.check(&next, &rotated, &published, now),
            checked,
            "{after}"
        );
        let ring = LIFECYCLE.rotated(copy(&rotated), &published, now).unwrap();
        assert_eq!(ring.session_key_of(old.id()).is_some(), has, "{after}");
        assert_eq!(ring.session_key(now).unwrap().id(), successor.id());
    }
    let without = published.without(old.kid(), at(9000));
    assert_eq!(LIFECYCLE.check(&next, &rotated, &without, at(1000)), Ok(()));
    let compromised = Err("it has a session key that was compromised");
    assert_eq!(
        LIFECYCLE.check(&rotated, &rotated, &without, at(1000)),
        compromised
    );
    assert!(LIFECYCLE.forget_at(at(1000)) >= at(1000 + 3 * 1000 + 500 + 100));
}

#[test]
fn a_ring_with_the_most_session_keys_gets_no_other_and_seals_on() {
    let mut ring = first(&Published::default());
    let published = Published::default().with(&ring, at(0));
    ring.session_keys = (0..24)
        .map(|key| SessionKey::generate(at(key)).unwrap())
        .collect();
    let rotated = LIFECYCLE.rotated(copy(&ring), &published, at(500)).unwrap();
    assert_eq!(rotated.session_keys.len(), 24);
    assert_eq!(
        rotated.session_key(at(500)).unwrap().id(),
        ring.session_keys[23].id()
    );
    let rotated = LIFECYCLE.rotated(rotated, &published, at(601)).unwrap();
    assert_eq!(rotated.session_keys.len(), 24, "the first has left");
    assert!(rotated.session_key_of(ring.session_keys[0].id()).is_none());
}

#[test]
fn an_early_or_late_rotation_still_waits_for_the_lead_of_the_new_key() {
    for late in [-50, 0, 950, 1500] {
        let ring = first(&Published::default());
        let published = Published::default().with(&ring, at(0));
        let now = at(1000 + late);
        let ring = LIFECYCLE.rotated(ring, &published, now).unwrap();
        assert!(
            ring.keys.last().unwrap().dates.signs_from >= now.plus(LIFECYCLE.lead.seconds),
            "{late}"
        );
    }
}

#[test]
fn a_rotation_moves_no_key_to_a_later_time() {
    let ring = first(&Published::default());
    let next = ring.keys[1].dates;
    let published = Published::default().with(&ring, at(0));
    for now in [10, 500, 999] {
        let rotated = LIFECYCLE.rotated(copy(&ring), &published, at(now)).unwrap();
        let dates = rotated.keys[1].dates;
        assert_eq!(dates.signs_from, at(now.max(100)));
        assert_eq!(
            (dates.signs_until, dates.drop_at),
            (next.signs_until, next.drop_at)
        );
    }
}

#[test]
fn a_published_key_leaves_by_its_date_and_a_compromised_one_cannot_return_early() {
    let ring = first(&Published::default());
    let kids: Vec<&str> = ring.kids().collect();
    let published = Published::default().with(&ring, at(0));
    let last = ring.keys[0].dates.drop_at;
    let before = Timestamp::from_unix(last.unix() - 1);
    assert!(published.with(&Ring::default(), before).contains(kids[0]));
    assert!(!published.with(&Ring::default(), last).contains(kids[0]));
    let without = published.without(kids[1], at(9000));
    assert!(!without.contains(kids[1]) && without.is_compromised(kids[1]));
    assert!(!without.with(&ring, at(1)).contains(kids[1]));
    assert!(!without.with(&Ring::default(), at(9000)).is_compromised(kids[1]));
}

#[test]
fn the_time_of_a_published_key_moves_to_an_earlier_one_alone() {
    let ring = first(&Published::default());
    let published = Published::default().with(&ring, at(0));
    let next = &ring.keys[1];
    let (kid, turn) = (next.key.kid(), next.dates.signs_from);
    let before = Timestamp::from_unix(turn.unix() - 1);
    assert!(published.has_begun(kid, turn) && !published.has_begun(kid, before));
    assert!(!published.has_begun("another", turn));
    let bad = [ring.keys[0].key.kid().to_owned()];
    let (sooner, moved) = LIFECYCLE
        .after_emergency(copy(&ring), &published, &bad, at(7))
        .unwrap();
    assert!(moved.has_begun(kid, at(7)) && !moved.has_begun(kid, at(6)));
    assert!(moved.covers(&sooner.keys[0]) && !published.covers(&sooner.keys[0]));
    // The ring of before comes back, by a rotation that is given up or by hand: tokens of the sooner time may be out.
    assert!(moved.with(&ring, at(8)).has_begun(kid, at(7)));
}
