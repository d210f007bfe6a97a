//! What fails, is lost, comes late or comes twice, and how the next rotation goes on.

use testing::fault_proxy::Fault;
use testing::secrets_manager::Failure;

use super::scene::{self, Scene, is_refused};
use super::{STEPS, kids};

#[tokio::test]
async fn a_step_that_failed_or_whose_answer_was_lost_is_repeated_to_the_same_end() {
    for failure in [Failure::Before, Failure::After] {
        // Each step makes at most four calls.
        for call in 0..4 {
            let scene = Scene::new().await;
            scene.rotate().await;
            let token = scene.secrets.begin_rotation();
            for step in STEPS {
                let mut script = vec![None; call];
                script.push(Some(failure));
                scene.secrets.script(script);
                let _may_fail = scene.step(step, &token).await;
                scene.secrets.script([]);
                scene.step(step, &token).await.unwrap();
            }
            let ring = scene.ring();
            assert_eq!(ring.keys.len(), 3);
            assert_eq!(scene.published_kids().await, kids(&ring));
        }
    }
}

#[tokio::test]
async fn a_secret_without_a_current_version_gets_its_first_ring() {
    let scene = Scene::new().await;
    scene.secrets.clear();
    scene.rotate().await;
    assert_eq!(scene.ring().keys.len(), 2);
}

#[tokio::test]
async fn a_pending_ring_that_waited_too_long_is_given_up_and_the_next_rotation_makes_another() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let token = scene.secrets.begin_rotation();
    scene.step("createSecret", &token).await.unwrap();
    // Its new key would sign within the lead after it was published now.
    scene.pass(scene::ROTATION + 1);
    is_refused(scene.step("setSecret", &token).await, "would sign too soon");
    assert!(scene.secrets.stages(&token).is_empty());
    assert_eq!(scene.published_kids().await.len(), 2);
    scene.rotate().await;
    assert_eq!(scene.ring().keys.len(), 3);
}

#[tokio::test]
async fn a_ring_does_not_outgrow_its_secret() {
    let scene = Scene::new().await;
    for _ in 0..23 {
        scene.rotate().await;
    }
    assert_eq!(scene.ring().keys.len(), 24);
    let token = scene.secrets.begin_rotation();
    is_refused(scene.step("createSecret", &token).await, "it has 24 keys");
}

#[tokio::test]
async fn what_another_has_published_in_between_is_not_written_over() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let seen = rotate_keys::publication::Seen::read(scene.store()).await.unwrap();
    scene.pass(scene::ROTATION);
    scene.rotate().await;
    let late = seen.published.without("any", scene.now());
    let replaced = seen.replace(scene.store(), &late, scene.now()).await;
    assert!(format!("{:?}", replaced.unwrap_err()).contains("run this one again"));
    assert_eq!(scene.published_kids().await, kids(&scene.ring()));
}

#[tokio::test]
async fn a_table_that_was_lost_is_published_again_by_the_next_rotation() {
    let scene = Scene::new().await;
    scene.rotate().await;
    scene.deployment.table().delete("keys", "published").await;
    scene.pass(scene::ROTATION);
    scene.rotate().await;
    assert_eq!(scene.published_kids().await, kids(&scene.ring()));
    assert_eq!(scene.ring().keys.len(), 3);
}

#[tokio::test]
async fn a_ring_whose_keys_are_all_past_their_dates_begins_anew() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let before = kids(&scene.ring());
    scene.pass_to(scene.ring().keys[1].dates.drop_at);
    scene.rotate().await;
    let ring = scene.ring();
    assert_eq!(ring.keys.len(), 2);
    assert!(ring.signer(scene.now(), 0).is_some());
    assert!(!before.iter().any(|kid| ring.contains(kid)));
    assert_eq!(scene.published_kids().await, kids(&ring));
}

#[tokio::test]
async fn a_time_between_rotations_that_was_made_longer_leaves_no_gap() {
    let day = 86_400;
    let scene = Scene::with_variables(&[("KEY_KIND", "EdDSA"), ("KEY_ROTATION_SECONDS", "604800")]).await;
    scene.rotate().await;
    scene.pass(7 * day);
    let scene = scene.with("KEY_ROTATION_SECONDS", "2592000").await;
    scene.rotate().await;
    for _ in 0..30 {
        scene.pass(day);
        let signer = scene
            .ring()
            .signer(scene.now(), scene::TOKEN_LIFE + scene::LEAD)
            .is_some();
        assert!(signer, "{:?}", scene.ring());
    }
}

#[tokio::test]
async fn an_answer_of_the_table_that_was_lost_is_no_failure() {
    let scene = Scene::new().await;
    scene.rotate().await;
    scene.pass(scene::ROTATION);
    let token = scene.secrets.begin_rotation();
    scene.step("createSecret", &token).await.unwrap();
    scene.proxy.script_for("PutItem", [Fault::HangUpAfterWrite]);
    scene.step("setSecret", &token).await.unwrap();
    assert_eq!(
        scene.proxy.count("PutItem"),
        3,
        "one of the first rotation, and two of this one"
    );
    scene.step("testSecret", &token).await.unwrap();
    scene.step("finishSecret", &token).await.unwrap();
}

#[tokio::test]
async fn a_table_that_is_away_fails_the_step_and_changes_nothing() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let before = kids(&scene.ring());
    let token = scene.secrets.begin_rotation();
    scene.step("createSecret", &token).await.unwrap();
    scene.proxy.always_for("PutItem", Fault::Throttle);
    assert!(scene.step("setSecret", &token).await.is_err());
    assert!(scene.step("finishSecret", &token).await.is_err());
    assert_eq!(kids(&scene.ring()), before);
    scene.proxy.pass();
    scene.step("setSecret", &token).await.unwrap();
    scene.step("finishSecret", &token).await.unwrap();
    assert_eq!(scene.ring().keys.len(), 3);
}

#[tokio::test]
async fn a_ring_that_became_current_in_between_is_not_replaced() {
    let scene = Scene::new().await;
    scene.rotate().await;
    let token = scene.secrets.begin_rotation();
    for step in &STEPS[..3] {
        scene.step(step, &token).await.unwrap();
    }
    let current = scene.secrets.current().unwrap();
    scene.secrets.meanwhile("UpdateSecretVersionStage", &current);
    assert!(scene.step("finishSecret", &token).await.is_err());
    assert_eq!(scene.secrets.current().unwrap(), current);
}
