//! The event `{"compromised": "<kid>"}`.

use std::path::Path;

use serde_json::{Value, json};
use shared::keys::Ring;
use testing::runtime_api::{check_lines, events, run};
use testing::secrets_manager::{Failure, SECRET};

use super::fixture::{self, Fixture, is_rejected};
use super::{STEPS, kids};

#[tokio::test]
async fn an_emergency_drops_the_key_that_signs_and_the_next_one_signs_at_once() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let before = kids(&fixture.ring());
    fixture.compromised(&before[0]).await.unwrap();
    let after = fixture.ring();
    assert!(!after.contains(&before[0]));
    assert_eq!(after.signer(fixture.now(), 0).unwrap().kid(), before[1]);
    assert_eq!(after.keys.len(), 2, "and there is a next one again");
    assert_eq!(fixture.published_kids().await, kids(&after));
    // Repeated, it does nothing.
    fixture.compromised(&before[0]).await.unwrap();
    assert_eq!(kids(&fixture.ring()), kids(&after));
}

#[tokio::test]
async fn an_emergency_may_drop_the_next_key_or_the_last_one_there_is() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let before = kids(&fixture.ring());
    fixture.compromised(&before[1]).await.unwrap();
    let after = fixture.ring();
    assert_eq!(after.signer(fixture.now(), 0).unwrap().kid(), before[0]);
    assert_eq!(
        after.keys[1].dates.signs_from,
        fixture.start().plus(fixture::ROTATION)
    );
    for kid in kids(&after) {
        fixture.compromised(&kid).await.unwrap();
        assert!(fixture.ring().signer(fixture.now(), 0).is_some());
    }
    assert_eq!(fixture.published_kids().await, kids(&fixture.ring()));
}

#[tokio::test]
async fn an_emergency_while_a_rotation_is_pending_is_not_undone_by_it() {
    for steps_done in 1..STEPS.len() {
        let fixture = Fixture::new().await;
        fixture.rotate().await;
        let bad = kids(&fixture.ring())[0].clone();
        let token = fixture.secrets.begin_rotation();
        for step in &STEPS[..steps_done] {
            fixture.step(step, &token).await.unwrap();
        }
        fixture.compromised(&bad).await.unwrap();
        for step in &STEPS[steps_done..] {
            assert!(fixture.step(step, &token).await.is_err(), "{step}");
        }
        assert!(!fixture.ring().contains(&bad));
        assert!(!fixture.published_kids().await.contains(&bad));
        fixture.rotate().await;
        assert!(!fixture.ring().contains(&bad) && !fixture.published_kids().await.contains(&bad));
    }
}

#[tokio::test]
async fn an_emergency_that_failed_half_way_has_unpublished_the_key_and_can_be_repeated() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let bad = kids(&fixture.ring())[0].clone();
    // The versions and the ring are read, and then the new ring is rejected.
    fixture.secrets.script([None, None, Some(Failure::Before)]);
    assert!(fixture.compromised(&bad).await.is_err());
    assert!(!fixture.published_kids().await.contains(&bad));
    assert!(fixture.ring().contains(&bad));
    fixture.compromised(&bad).await.unwrap();
    assert!(!fixture.ring().contains(&bad));
    for kid in kids(&fixture.ring()) {
        assert!(fixture.published_kids().await.contains(&kid));
    }
}

#[tokio::test]
async fn a_kid_that_no_key_has_is_rejected() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    is_rejected(fixture.compromised("another").await, "no key has this kid");
}

fn hashed(ring: &Ring) -> String {
    ring.names_key.as_ref().unwrap().hashed("johndoe")
}

#[tokio::test]
async fn every_key_at_once_leaves_a_ring_that_is_new() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    fixture.pass(fixture::ROTATION);
    fixture.rotate().await;
    let before = fixture.ring();
    assert_eq!((before.keys.len(), before.session_keys.len()), (3, 2));
    fixture.compromised("*").await.unwrap();
    let ring = fixture.ring();
    assert_eq!((ring.keys.len(), ring.session_keys.len()), (2, 1));
    assert!(ring.signer(fixture.now(), 0).is_some() && ring.session_key(fixture.now()).is_some());
    assert!(!before.kids().any(|kid| ring.contains(kid)));
    assert_ne!(hashed(&ring), hashed(&before));
    assert_eq!(fixture.published_kids().await, kids(&ring));
}

#[tokio::test]
async fn a_compromised_session_key_is_replaced_at_once_and_the_others_stay() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let first = fixture.ring();
    fixture.pass(fixture::ROTATION);
    fixture.rotate().await;
    let before = fixture.ring();
    assert_eq!(
        hashed(&before),
        hashed(&first),
        "a rotation keeps the key of names"
    );
    let [bad, next] = before.session_keys.as_slice() else {
        panic!("{before:?}")
    };
    fixture.compromised(bad.kid()).await.unwrap();
    let ring = fixture.ring();
    assert_ne!(hashed(&ring), hashed(&before));
    let names = hashed(&ring);
    fixture.compromised(bad.kid()).await.unwrap();
    let ring = fixture.ring();
    assert_eq!(hashed(&ring), names, "a repetition changes nothing");
    assert_eq!(kids(&ring), kids(&before));
    assert!(!ring.contains(bad.kid()) && ring.contains(next.kid()));
    assert_eq!(ring.session_keys.len(), 2);
    assert_eq!(ring.session_key(fixture.now()).unwrap().signs_from, fixture.now());
    // An older version of the secret does not bring it back.
    fixture.secrets.roll_back();
    assert!(fixture.ring().contains(bad.kid()), "an operator's doing");
    fixture.rotate().await;
    let ring = fixture.ring();
    assert!(!ring.contains(bad.kid()) && ring.session_key(fixture.now()).is_some());
    // Of session keys, the table has the ids of dropped ones alone.
    let published = fixture.published().await.value.document().unwrap();
    assert!(published.contains(bad.kid()) && !published.contains(next.kid()));
}

#[tokio::test]
async fn after_a_rotation_the_key_before_signs_again_and_the_next_one_waits_for_its_turn() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    fixture.pass(fixture::ROTATION);
    fixture.rotate().await;
    let [before, signing, next] = kids(&fixture.ring()).try_into().unwrap();
    let turn = fixture.ring().keys[2].dates.signs_from;
    fixture.compromised(&signing).await.unwrap();
    assert_eq!(kids(&fixture.ring()), [before.clone(), next]);
    assert_eq!(fixture.ring().signer(fixture.now(), 0).unwrap().kid(), before);
    assert_eq!(fixture.ring().keys[1].dates.signs_from, turn);
}

#[tokio::test]
async fn a_key_that_a_token_would_outlive_does_not_count_as_one_that_signs() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    fixture.pass(fixture::ROTATION);
    fixture.rotate().await;
    let fixture = fixture.with("ACCESS_TOKEN_SECONDS", "86400").await;
    // The first key's last hour: it may still sign, but no token that lives for a day.
    fixture.pass_to(fixture.start().plus(2 * fixture::ROTATION - 3600));
    let signing = kids(&fixture.ring())[1].clone();
    fixture.compromised(&signing).await.unwrap();
    assert!(
        fixture
            .ring()
            .signer(fixture.now(), 86_400 + fixture::LEAD)
            .is_some()
    );
}

#[tokio::test]
async fn an_older_version_of_the_secret_brings_no_compromised_key_back() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let bad = kids(&fixture.ring())[0].clone();
    fixture.compromised(&bad).await.unwrap();
    fixture.secrets.roll_back();
    assert!(fixture.ring().contains(&bad), "an operator's doing");
    fixture.rotate().await;
    assert!(!fixture.ring().contains(&bad) && !fixture.published_kids().await.contains(&bad));
    assert!(fixture.ring().signer(fixture.now(), 0).is_some());
}

#[tokio::test]
async fn one_emergency_after_another_that_failed_half_way_drops_both_keys() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let [one, two] = kids(&fixture.ring()).try_into().unwrap();
    fixture.secrets.script([None, None, Some(Failure::Before)]);
    assert!(fixture.compromised(&one).await.is_err());
    fixture.compromised(&two).await.unwrap();
    let ring = fixture.ring();
    assert!(!ring.contains(&one) && !ring.contains(&two));
    for kid in kids(&ring) {
        assert!(fixture.published_kids().await.contains(&kid));
    }
}

#[tokio::test]
async fn a_ring_that_became_current_in_between_is_not_overwritten() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let bad = kids(&fixture.ring())[0].clone();
    let other = fixture.secrets.current().unwrap();
    fixture.secrets.meanwhile("UpdateSecretVersionStage", &other);
    assert!(fixture.compromised(&bad).await.is_err());
    fixture.compromised(&bad).await.unwrap();
    assert!(!fixture.ring().contains(&bad));
}

#[tokio::test]
async fn a_kid_that_no_key_has_leaves_a_pending_rotation_alone() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let token = fixture.secrets.begin_rotation();
    fixture.step("createSecret", &token).await.unwrap();
    is_rejected(fixture.compromised("another").await, "no key has this kid");
    for step in &STEPS[1..] {
        fixture.step(step, &token).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_that_only_the_pending_ring_has_is_given_up_with_it() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let token = fixture.secrets.begin_rotation();
    fixture.step("createSecret", &token).await.unwrap();
    let pending = Ring::parse(&fixture.secrets.value(&token).unwrap()).unwrap();
    let bad = kids(&pending)[2].clone();
    fixture.compromised(&bad).await.unwrap();
    assert!(fixture.step("setSecret", &token).await.is_err());
    fixture.rotate().await;
    assert!(!fixture.ring().contains(&bad) && !fixture.published_kids().await.contains(&bad));
}

#[tokio::test]
async fn n_18_each_act_leaves_one_event_without_secrets() {
    let fixture = Fixture::new().await;
    let token = fixture.secrets.begin_rotation();
    let step = |step| json!({"Step": step, "SecretId": SECRET, "ClientRequestToken": token});
    let compromised = json!({"compromised": "*"});
    // The last step again: it is done.
    let sent: Vec<Value> = STEPS
        .into_iter()
        .chain(["finishSecret"])
        .map(step)
        .chain([compromised])
        .collect();
    let binary = Path::new(env!("CARGO_BIN_EXE_rotate-keys"));
    let deployment = fixture.deployment.with("AWS_LAMBDA_LOG_FORMAT", "JSON");
    let done = run(binary, deployment.variables(), &sent).await;
    assert_eq!(
        events(&done.output),
        ["KeyRotated", "KeyDropped"],
        "{}",
        done.output
    );
    check_lines(&done.output, &["PRIVATE", "\"secret\""]);
}
