//! The rotation contract of Secrets Manager, step by step, and the emergency: the real handler and the real SDK, on the embedded
//! engine and on a small Secrets Manager.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and a simulation says what it saw"
)]

mod emergency;
mod fixture;
mod next_ring;
mod recovery;
mod simulation;
mod world;

use fixture::{Fixture, is_rejected};
use serde_json::json;
use shared::keys::{Dates, Ring};
use testing::rotation::{Walk, cases};

const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

fn kids(ring: &Ring) -> Vec<String> {
    ring.keys
        .iter()
        .map(|ring_key| ring_key.key.kid().to_owned())
        .collect()
}

#[tokio::test]
async fn the_first_rotation_makes_a_key_that_signs_at_once_and_the_next_one() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let ring = fixture.ring();
    let [current, next] = ring.keys.as_slice() else {
        panic!("{ring:?}")
    };
    assert_eq!(ring.signer(fixture.now(), 0).unwrap().kid(), current.key.kid());
    let after = |seconds| fixture.start().plus(seconds);
    let (rotation, reach) = (fixture::ROTATION, fixture::TOKEN_LIFE + fixture::LEAD);
    let first = Dates {
        made_at: after(0),
        signs_from: after(0),
        signs_until: after(2 * rotation),
        drop_at: after(2 * rotation + reach),
    };
    let second = Dates {
        made_at: after(0),
        signs_from: after(rotation),
        signs_until: after(3 * rotation),
        drop_at: after(3 * rotation + reach),
    };
    assert_eq!((current.dates, next.dates), (first, second));
    assert_eq!(fixture.published_kids().await, kids(&ring));
}

#[tokio::test]
async fn each_sample_event_gets_the_expected_result() {
    let fixture = Fixture::new().await;
    let mut walk = Walk::begin(&fixture.secrets);
    for case in cases() {
        let outcome = fixture.handle(walk.event(&case)).await.unwrap();
        walk.check(&case, &json!(outcome)).unwrap();
    }
}

#[tokio::test]
async fn a_rotation_activates_the_next_key_publishes_another_and_keeps_the_old_one() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let before = fixture.ring();
    fixture.pass(fixture::ROTATION);
    fixture.rotate().await;
    let after = fixture.ring();
    assert_eq!(kids(&after)[..2], kids(&before)[..]);
    assert_eq!(after.keys.len(), 3);
    assert_eq!(
        after.signer(fixture.now(), 0).unwrap().kid(),
        before.keys[1].key.kid()
    );
    assert_eq!(
        after.keys[2].dates.signs_from,
        fixture.now().plus(fixture::ROTATION)
    );
    assert_eq!(fixture.published_kids().await, kids(&after));
    fixture.pass_to(after.keys[0].dates.drop_at);
    fixture.rotate().await;
    assert!(!fixture.ring().contains(before.keys[0].key.kid()));
    assert!(
        !fixture
            .published_kids()
            .await
            .contains(&before.keys[0].key.kid().to_owned())
    );
}

#[tokio::test]
async fn a_rotation_ahead_of_its_time_waits_for_the_lead_of_the_next_key() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let first = fixture.ring().keys[0].key.kid().to_owned();
    fixture.pass(60);
    fixture.rotate().await;
    let ring = fixture.ring();
    let lead_after_publication = fixture.start().plus(fixture::LEAD);
    assert_eq!(ring.keys[1].dates.signs_from, lead_after_publication);
    assert_eq!(ring.signer(fixture.now(), 0).unwrap().kid(), first);
    assert_eq!(
        ring.signer(lead_after_publication, 0).unwrap().kid(),
        ring.keys[1].key.kid()
    );
}

#[tokio::test]
async fn the_lead_is_counted_from_the_publication_and_not_from_the_making() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let token = fixture.secrets.begin_rotation();
    fixture.step("createSecret", &token).await.unwrap();
    fixture.pass(36_000);
    let published_at = fixture.now();
    for step in &STEPS[1..] {
        fixture.step(step, &token).await.unwrap();
    }
    fixture.pass(60);
    fixture.rotate().await;
    assert_eq!(
        fixture.ring().keys[2].dates.signs_from,
        published_at.plus(fixture::LEAD)
    );
}

#[tokio::test]
async fn the_new_key_is_published_before_any_function_can_sign_by_it() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let before = fixture.published_kids().await;
    let token = fixture.secrets.begin_rotation();
    fixture.step("createSecret", &token).await.unwrap();
    assert_eq!(fixture.published_kids().await, before);
    is_rejected(fixture.step("testSecret", &token).await, "setSecret first");
    is_rejected(fixture.step("finishSecret", &token).await, "setSecret first");
    fixture.step("setSecret", &token).await.unwrap();
    assert_eq!(fixture.published_kids().await.len(), before.len() + 1);
    assert_eq!(
        kids(&fixture.ring()),
        before,
        "the secret follows with finishSecret"
    );
    fixture.step("testSecret", &token).await.unwrap();
    fixture.step("finishSecret", &token).await.unwrap();
    assert_eq!(kids(&fixture.ring()), fixture.published_kids().await);
}

#[tokio::test]
async fn every_step_may_be_repeated_at_any_time() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let token = fixture.secrets.begin_rotation();
    for (index, step) in STEPS.iter().enumerate() {
        for earlier in &STEPS[..=index] {
            fixture.step(earlier, &token).await.unwrap();
            fixture.step(step, &token).await.unwrap();
        }
    }
    let ring = fixture.ring();
    assert_eq!(ring.keys.len(), 3);
    for step in STEPS {
        fixture.step(step, &token).await.unwrap();
    }
    assert_eq!(kids(&fixture.ring()), kids(&ring), "nothing is done twice");
}

#[tokio::test]
async fn a_test_step_alone_without_a_value_checks_that_everything_is_in_reach() {
    let fixture = Fixture::new().await;
    let token = fixture.secrets.begin_rotation();
    fixture.step("testSecret", &token).await.unwrap();
    is_rejected(fixture.step("setSecret", &token).await, "createSecret first");
    is_rejected(fixture.step("finishSecret", &token).await, "createSecret first");
    assert!(fixture.published_kids().await.is_empty());
    fixture.secrets.set_away(true);
    assert!(fixture.step("testSecret", &token).await.is_err());
}

#[tokio::test]
async fn a_token_that_is_not_pending_is_rejected() {
    let fixture = Fixture::new().await;
    for step in STEPS {
        is_rejected(fixture.step(step, "another").await, "not pending");
    }
}

#[tokio::test]
async fn an_event_that_is_neither_a_step_nor_an_emergency_is_rejected_with_the_rule() {
    let fixture = Fixture::new().await;
    for (event, rule) in [
        (
            json!({}),
            "either Step, SecretId and ClientRequestToken, or compromised",
        ),
        (json!({"compromized": "a"}), "or compromised"),
        (
            json!({"Step": "createSecret", "SecretId": "a"}),
            "ClientRequestToken",
        ),
        (
            json!({"Step": "create", "SecretId": "a", "ClientRequestToken": "b"}),
            "Step must be createSecret",
        ),
    ] {
        is_rejected(fixture.handle(event).await, rule);
    }
}

#[tokio::test]
async fn a_change_of_kind_goes_through_the_same_lead() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let fixture = fixture.with("KEY_KIND", "ES256").await;
    fixture.pass(fixture::ROTATION);
    fixture.rotate().await;
    let ring = fixture.ring();
    let kinds: Vec<_> = ring
        .keys
        .iter()
        .map(|ring_key| format!("{:?}", ring_key.key.kind()))
        .collect();
    assert_eq!(kinds, ["EdDsa", "EdDsa", "Es256"]);
    assert_eq!(
        ring.signer(fixture.now(), 0).unwrap().kid(),
        ring.keys[1].key.kid()
    );
    assert!(ring.keys[2].dates.signs_from >= fixture.now().plus(fixture::LEAD));
    let then = ring.keys[2].dates.signs_from;
    assert_eq!(ring.signer(then, 0).unwrap().kid(), ring.keys[2].key.kid());
}

#[tokio::test]
async fn a_test_step_alone_with_the_secrets_first_value_checks_that_all_is_in_reach() {
    let fixture = Fixture::new().await;
    let token = fixture.secrets.begin_rotation();
    fixture.secrets.put_pending(&token, "{\"keys\":[]}");
    fixture.step("testSecret", &token).await.unwrap();
    fixture.secrets.set_away(true);
    assert!(fixture.step("testSecret", &token).await.is_err());
}

#[tokio::test]
async fn a_published_key_by_which_its_namesake_does_not_verify_fails_the_test_step() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let token = fixture.secrets.begin_rotation();
    fixture.step("createSecret", &token).await.unwrap();
    fixture.step("setSecret", &token).await.unwrap();
    let published = fixture.published().await.value.document().unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&published).unwrap();
    document["keys"][0]["jwk"]["x"] = document["keys"][1]["jwk"]["x"].clone();
    fixture.deployment.publish(&document.to_string()).await;
    is_rejected(fixture.step("testSecret", &token).await, "does not verify");
}
