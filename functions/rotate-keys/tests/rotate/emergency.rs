//! The event `{"compromised": "<kid>"}`.

use shared::ring::Ring;
use testing::secrets_manager::Failure;

use super::scene::{self, Scene, is_refused};
use super::{STEPS, kids};

#[tokio::test]
async fn an_emergency_drops_the_key_that_signs_and_the_next_one_signs_at_once() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let before = kids(&scene.ring());
    scene.compromised(&before[0]).await.unwrap();
    let after = scene.ring();
    assert!(!after.contains(&before[0]));
    assert_eq!(after.signer(scene.now(), 0).unwrap().kid(), before[1]);
    assert_eq!(after.keys.len(), 2, "and there is a next one again");
    assert_eq!(scene.published_kids().await, kids(&after));
    // Repeated, it does nothing.
    scene.compromised(&before[0]).await.unwrap();
    assert_eq!(kids(&scene.ring()), kids(&after));
}

#[tokio::test]
async fn an_emergency_may_drop_the_next_key_or_the_last_one_there_is() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let before = kids(&scene.ring());
    scene.compromised(&before[1]).await.unwrap();
    let after = scene.ring();
    assert_eq!(after.signer(scene.now(), 0).unwrap().kid(), before[0]);
    assert_eq!(
        after.keys[1].dates.signs_from,
        scene.start().plus(scene::ROTATION)
    );
    for kid in kids(&after) {
        scene.compromised(&kid).await.unwrap();
        assert!(scene.ring().signer(scene.now(), 0).is_some());
    }
    assert_eq!(scene.published_kids().await, kids(&scene.ring()));
}

#[tokio::test]
async fn an_emergency_while_a_rotation_is_pending_is_not_undone_by_it() {
    for steps_done in 1..STEPS.len() {
        let scene = Scene::new().await;
        scene.rotate().await;
        let bad = kids(&scene.ring())[0].clone();
        let token = scene.secrets.begin_rotation();
        for step in &STEPS[..steps_done] {
            scene.step(step, &token).await.unwrap();
        }
        scene.compromised(&bad).await.unwrap();
        for step in &STEPS[steps_done..] {
            assert!(scene.step(step, &token).await.is_err(), "{step}");
        }
        assert!(!scene.ring().contains(&bad));
        assert!(!scene.published_kids().await.contains(&bad));
        scene.rotate().await;
        assert!(!scene.ring().contains(&bad) && !scene.published_kids().await.contains(&bad));
    }
}

#[tokio::test]
async fn an_emergency_that_failed_half_way_has_unpublished_the_key_and_can_be_repeated() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let bad = kids(&scene.ring())[0].clone();
    // Versions, ring, and then the new ring is refused.
    scene.secrets.script([None, None, Some(Failure::Before)]);
    assert!(scene.compromised(&bad).await.is_err());
    assert!(!scene.published_kids().await.contains(&bad));
    assert!(scene.ring().contains(&bad));
    scene.compromised(&bad).await.unwrap();
    assert!(!scene.ring().contains(&bad));
    for kid in kids(&scene.ring()) {
        assert!(scene.published_kids().await.contains(&kid));
    }
}

#[tokio::test]
async fn a_kid_that_no_key_has_is_refused() {
    let scene = Scene::new().await;
    scene.rotate().await;
    is_refused(scene.compromised("another").await, "no key has this kid");
}

#[tokio::test]
async fn every_key_at_once_leaves_a_ring_that_is_new() {
    let scene = Scene::new().await;
    scene.rotate().await;
    scene.pass(scene::ROTATION);
    scene.rotate().await;
    let before = kids(&scene.ring());
    scene.compromised("*").await.unwrap();
    let ring = scene.ring();
    assert_eq!(ring.keys.len(), 2);
    assert!(ring.signer(scene.now(), 0).is_some());
    assert!(!before.iter().any(|kid| ring.contains(kid)));
    assert_eq!(scene.published_kids().await, kids(&ring));
}

#[tokio::test]
async fn after_a_rotation_the_key_before_signs_again_and_the_next_one_waits_for_its_turn() {
    let scene = Scene::new().await;
    scene.rotate().await;
    scene.pass(scene::ROTATION);
    scene.rotate().await;
    let [before, signing, next] = kids(&scene.ring()).try_into().unwrap();
    let turn = scene.ring().keys[2].dates.signs_from;
    scene.compromised(&signing).await.unwrap();
    assert_eq!(kids(&scene.ring()), [before.clone(), next]);
    assert_eq!(scene.ring().signer(scene.now(), 0).unwrap().kid(), before);
    assert_eq!(scene.ring().keys[1].dates.signs_from, turn);
}

#[tokio::test]
async fn a_key_that_a_token_would_outlive_does_not_count_as_one_that_signs() {
    let scene = Scene::new().await;
    scene.rotate().await;
    scene.pass(scene::ROTATION);
    scene.rotate().await;
    let scene = scene.with("ACCESS_TOKEN_SECONDS", "86400").await;
    // The first key's last hour: it may still sign, but no token that lives for a day.
    scene.pass_to(scene.start().plus(2 * scene::ROTATION - 3600));
    let signing = kids(&scene.ring())[1].clone();
    scene.compromised(&signing).await.unwrap();
    assert!(scene.ring().signer(scene.now(), 86_400 + scene::LEAD).is_some());
}

#[tokio::test]
async fn an_older_version_of_the_secret_brings_no_compromised_key_back() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let bad = kids(&scene.ring())[0].clone();
    scene.compromised(&bad).await.unwrap();
    scene.secrets.roll_back();
    assert!(scene.ring().contains(&bad), "an operator's doing");
    scene.rotate().await;
    assert!(!scene.ring().contains(&bad) && !scene.published_kids().await.contains(&bad));
    assert!(scene.ring().signer(scene.now(), 0).is_some());
}

#[tokio::test]
async fn one_emergency_after_another_that_failed_half_way_drops_both_keys() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let [one, two] = kids(&scene.ring()).try_into().unwrap();
    scene.secrets.script([None, None, Some(Failure::Before)]);
    assert!(scene.compromised(&one).await.is_err());
    scene.compromised(&two).await.unwrap();
    let ring = scene.ring();
    assert!(!ring.contains(&one) && !ring.contains(&two));
    for kid in kids(&ring) {
        assert!(scene.published_kids().await.contains(&kid));
    }
}

#[tokio::test]
async fn a_ring_that_became_current_in_between_is_not_written_over() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let bad = kids(&scene.ring())[0].clone();
    let other = scene.secrets.current().unwrap();
    scene.secrets.meanwhile("UpdateSecretVersionStage", &other);
    assert!(scene.compromised(&bad).await.is_err());
    scene.compromised(&bad).await.unwrap();
    assert!(!scene.ring().contains(&bad));
}

#[tokio::test]
async fn a_kid_that_no_key_has_leaves_a_pending_rotation_alone() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let token = scene.secrets.begin_rotation();
    scene.step("createSecret", &token).await.unwrap();
    is_refused(scene.compromised("another").await, "no key has this kid");
    for step in &STEPS[1..] {
        scene.step(step, &token).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_that_only_the_pending_ring_has_is_given_up_with_it() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let token = scene.secrets.begin_rotation();
    scene.step("createSecret", &token).await.unwrap();
    let pending = Ring::parse(&scene.secrets.value(&token).unwrap()).unwrap();
    let bad = kids(&pending)[2].clone();
    scene.compromised(&bad).await.unwrap();
    assert!(scene.step("setSecret", &token).await.is_err());
    scene.rotate().await;
    assert!(!scene.ring().contains(&bad) && !scene.published_kids().await.contains(&bad));
}
