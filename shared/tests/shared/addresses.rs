//! Addresses whose spellings are one name and two mailboxes, and the limits of former addresses. All else is explored.

use shared::clock::Timestamp;
use shared::users::{Addresses, Email};

const WEEK: i64 = 7 * 24 * 60 * 60;

fn email(typed: &str) -> Email {
    Email::parse(typed).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

/// A user who has proved an address.
fn proved(typed: &str) -> Addresses {
    let registered = Addresses::default().changed(Some(email(typed)), false, at(0));
    registered.proved(&email(typed), at(0)).unwrap()
}

#[test]
fn another_mailbox_of_the_same_name_proves_and_recovers_nothing() {
    let user = proved("strasse@example.com");
    let other = email("straße@example.com");
    assert_eq!(user.held.as_ref().map(Email::key), Some(other.key()));
    assert_eq!(user.proved(&other, at(0)), None);
    assert_eq!(user.recovered(&other, at(0)), None);
    assert_eq!(user.restored(&other, at(0)), None);
}

#[test]
fn another_spelling_is_proved_anew_unless_only_the_case_of_ascii_differs() {
    let user = proved("strasse@example.com");
    assert!(
        user.clone()
            .changed(Some(email("STRASSE@Example.com")), true, at(0))
            .verified
    );
    let claimed = user
        .clone()
        .changed(Some(email("straße@example.com")), true, at(0));
    assert_eq!(claimed.held, user.held);
    let claim = claimed.claim.as_ref().unwrap();
    assert_eq!(claim.email, email("straße@example.com"));
    let respelled = user.changed(Some(email("straße@example.com")), false, at(0));
    assert!(!respelled.verified);
    assert_eq!(respelled.recovered(&email("straße@example.com"), at(0)), None);
    assert!(respelled.restored(&email("strasse@example.com"), at(0)).is_some());
}

#[test]
fn a_former_address_is_forgotten_after_a_week_and_its_spelling_counts() {
    let left = proved("strasse@example.com").changed(None, true, at(0));
    assert!(left.must_claim(at(WEEK - 1)));
    assert!(
        left.restored(&email("strasse@example.com"), at(WEEK - 1))
            .is_some()
    );
    assert_eq!(left.restored(&email("straße@example.com"), at(WEEK - 1)), None);
    assert!(!left.must_claim(at(WEEK)));
}

#[test]
fn of_many_former_addresses_the_oldest_are_kept() {
    let mut user = proved("ada@example.com");
    for index in 0..20 {
        let next = email(&format!("thief{index}@example.com"));
        user = user.changed(Some(next.clone()), true, at(1));
        user = user.proved(&next, at(1)).unwrap();
    }
    assert_eq!(user.former.len(), 8);
    let restored = user.restored(&email("ada@example.com"), at(2)).unwrap();
    assert!(restored.verified && restored.former.is_empty());
    assert_eq!(restored.restored(&email("thief0@example.com"), at(2)), None);
}
