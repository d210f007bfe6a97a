//! The rotation contract of Secrets Manager, step by step, and the emergency: the real handler and the real SDK on the embedded
//! engine and on a small Secrets Manager.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and a simulation says what it saw"
)]

mod emergency;
mod policy;
mod recovery;
mod scene;
mod simulation;

use scene::{Scene, is_refused};
use serde_json::json;
use shared::ring::{Dates, Ring};
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
    let scene = Scene::new().await;
    scene.rotate().await;
    let ring = scene.ring();
    let [current, next] = ring.keys.as_slice() else {
        panic!("{ring:?}")
    };
    assert_eq!(ring.signer(scene.now(), 0).unwrap().kid(), current.key.kid());
    let after = |seconds| scene.start().plus(seconds);
    let (rotation, reach) = (scene::ROTATION, scene::TOKEN_LIFE + scene::LEAD);
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
    assert_eq!(scene.published_kids().await, kids(&ring));
}

#[tokio::test]
async fn each_sample_event_gets_the_answer_that_is_said() {
    let scene = Scene::new().await;
    let mut walk = Walk::begin(&scene.secrets);
    for case in cases() {
        let outcome = scene.handle(walk.event(&case)).await.unwrap();
        walk.check(&case, &json!(outcome)).unwrap();
    }
}

#[tokio::test]
async fn a_rotation_lets_the_next_key_sign_publishes_another_and_keeps_the_old_one_until_its_date() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let before = scene.ring();
    scene.pass(scene::ROTATION);
    scene.rotate().await;
    let after = scene.ring();
    assert_eq!(kids(&after)[..2], kids(&before)[..]);
    assert_eq!(after.keys.len(), 3);
    assert_eq!(
        after.signer(scene.now(), 0).unwrap().kid(),
        before.keys[1].key.kid()
    );
    assert_eq!(after.keys[2].dates.signs_from, scene.now().plus(scene::ROTATION));
    assert_eq!(scene.published_kids().await, kids(&after));
    scene.pass_to(after.keys[0].dates.drop_at);
    scene.rotate().await;
    assert!(!scene.ring().contains(before.keys[0].key.kid()));
    assert!(
        !scene
            .published_kids()
            .await
            .contains(&before.keys[0].key.kid().to_owned())
    );
}

#[tokio::test]
async fn a_rotation_ahead_of_its_time_waits_for_the_lead_of_the_next_key() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let first = scene.ring().keys[0].key.kid().to_owned();
    scene.pass(60);
    scene.rotate().await;
    let ring = scene.ring();
    let lead_after_publication = scene.start().plus(scene::LEAD);
    assert_eq!(ring.keys[1].dates.signs_from, lead_after_publication);
    assert_eq!(ring.signer(scene.now(), 0).unwrap().kid(), first);
    assert_eq!(
        ring.signer(lead_after_publication, 0).unwrap().kid(),
        ring.keys[1].key.kid()
    );
}

#[tokio::test]
async fn the_lead_is_counted_from_the_publication_and_not_from_the_making() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let token = scene.secrets.begin_rotation();
    scene.step("createSecret", &token).await.unwrap();
    scene.pass(36_000);
    let published_at = scene.now();
    for step in &STEPS[1..] {
        scene.step(step, &token).await.unwrap();
    }
    scene.pass(60);
    scene.rotate().await;
    assert_eq!(
        scene.ring().keys[2].dates.signs_from,
        published_at.plus(scene::LEAD)
    );
}

#[tokio::test]
async fn the_new_key_is_published_before_any_function_can_sign_by_it() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let before = scene.published_kids().await;
    let token = scene.secrets.begin_rotation();
    scene.step("createSecret", &token).await.unwrap();
    assert_eq!(scene.published_kids().await, before);
    is_refused(scene.step("testSecret", &token).await, "setSecret first");
    is_refused(scene.step("finishSecret", &token).await, "setSecret first");
    scene.step("setSecret", &token).await.unwrap();
    assert_eq!(scene.published_kids().await.len(), before.len() + 1);
    assert_eq!(
        kids(&scene.ring()),
        before,
        "the secret follows with finishSecret"
    );
    scene.step("testSecret", &token).await.unwrap();
    scene.step("finishSecret", &token).await.unwrap();
    assert_eq!(kids(&scene.ring()), scene.published_kids().await);
}

#[tokio::test]
async fn every_step_may_be_repeated_at_any_time() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let token = scene.secrets.begin_rotation();
    for (index, step) in STEPS.iter().enumerate() {
        for earlier in &STEPS[..=index] {
            scene.step(earlier, &token).await.unwrap();
            scene.step(step, &token).await.unwrap();
        }
    }
    let ring = scene.ring();
    assert_eq!(ring.keys.len(), 3);
    for step in STEPS {
        scene.step(step, &token).await.unwrap();
    }
    assert_eq!(kids(&scene.ring()), kids(&ring), "nothing is done twice");
}

#[tokio::test]
async fn a_test_step_alone_with_a_version_without_value_sees_that_everything_is_in_reach() {
    let scene = Scene::new().await;
    let token = scene.secrets.begin_rotation();
    scene.step("testSecret", &token).await.unwrap();
    is_refused(scene.step("setSecret", &token).await, "createSecret first");
    is_refused(scene.step("finishSecret", &token).await, "createSecret first");
    assert!(scene.published_kids().await.is_empty());
    scene.secrets.set_away(true);
    assert!(scene.step("testSecret", &token).await.is_err());
}

#[tokio::test]
async fn a_token_that_is_not_pending_is_refused() {
    let scene = Scene::new().await;
    for step in STEPS {
        is_refused(scene.step(step, "another").await, "not pending");
    }
}

#[tokio::test]
async fn an_event_that_is_neither_a_step_nor_an_emergency_is_refused_by_its_rule() {
    let scene = Scene::new().await;
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
        is_refused(scene.handle(event).await, rule);
    }
}

#[tokio::test]
async fn a_change_of_kind_goes_through_the_same_lead() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let scene = scene.with("KEY_KIND", "ES256").await;
    scene.pass(scene::ROTATION);
    scene.rotate().await;
    let ring = scene.ring();
    let kinds: Vec<_> = ring
        .keys
        .iter()
        .map(|ring_key| format!("{:?}", ring_key.key.kind()))
        .collect();
    assert_eq!(kinds, ["EdDsa", "EdDsa", "Es256"]);
    assert_eq!(ring.signer(scene.now(), 0).unwrap().kid(), ring.keys[1].key.kid());
    assert!(ring.keys[2].dates.signs_from >= scene.now().plus(scene::LEAD));
    let then = ring.keys[2].dates.signs_from;
    assert_eq!(ring.signer(then, 0).unwrap().kid(), ring.keys[2].key.kid());
}

#[tokio::test]
async fn a_test_step_alone_with_the_value_that_the_secret_was_made_with_sees_that_everything_is_in_reach() {
    let scene = Scene::new().await;
    let token = scene.secrets.begin_rotation();
    scene.secrets.put_pending(&token, "{\"keys\":[]}");
    scene.step("testSecret", &token).await.unwrap();
    scene.secrets.set_away(true);
    assert!(scene.step("testSecret", &token).await.is_err());
}

#[tokio::test]
async fn a_published_key_by_which_its_namesake_does_not_verify_fails_the_test_step() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let token = scene.secrets.begin_rotation();
    scene.step("createSecret", &token).await.unwrap();
    scene.step("setSecret", &token).await.unwrap();
    let seen = scene.store().published().await.unwrap().unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&seen.document).unwrap();
    document["keys"][0]["jwk"]["x"] = document["keys"][1]["jwk"]["x"].clone();
    scene.deployment.publish(&document.to_string()).await;
    is_refused(scene.step("testSecret", &token).await, "does not verify");
}
