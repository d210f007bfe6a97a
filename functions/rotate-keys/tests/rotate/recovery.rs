//! What fails, is lost, comes late or comes twice, and how the next rotation goes on.

use shared::keys::{Kind, Rotation};
use testing::fault_proxy::Fault;
use testing::rings::ring_of;
use testing::secrets_manager::Failure;

use super::fixture::{self, Fixture, is_rejected};
use super::{STEPS, kids};

#[tokio::test]
async fn a_step_that_failed_or_whose_response_was_lost_is_repeated_to_the_same_end() {
    for failure in [Failure::Before, Failure::After] {
        // Each step makes at most four calls.
        for call in 0..4 {
            let fixture = Fixture::new().await;
            fixture.rotate().await;
            let token = fixture.secrets.begin_rotation();
            for step in STEPS {
                let mut script = vec![None; call];
                script.push(Some(failure));
                fixture.secrets.script(script);
                let _may_fail = fixture.step(step, &token).await;
                fixture.secrets.script([]);
                fixture.step(step, &token).await.unwrap();
            }
            let ring = fixture.ring();
            assert_eq!(ring.keys.len(), 3);
            assert_eq!(fixture.published_kids().await, kids(&ring));
        }
    }
}

#[tokio::test]
async fn a_secret_without_a_current_version_gets_its_first_ring() {
    let fixture = Fixture::new().await;
    fixture.secrets.clear();
    fixture.rotate().await;
    assert_eq!(fixture.ring().keys.len(), 2);
}

#[tokio::test]
async fn a_pending_ring_that_is_too_old_is_given_up_and_the_next_rotation_makes_another() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let token = fixture.secrets.begin_rotation();
    fixture.step("createSecret", &token).await.unwrap();
    // Its new key would sign within the lead after it was published now.
    fixture.pass(fixture::ROTATION + 1);
    is_rejected(fixture.step("setSecret", &token).await, "would sign too soon");
    assert!(fixture.secrets.stages(&token).is_empty());
    assert_eq!(fixture.published_kids().await.len(), 2);
    fixture.rotate().await;
    assert_eq!(fixture.ring().keys.len(), 3);
}

#[tokio::test]
async fn a_ring_does_not_outgrow_its_secret() {
    let fixture = Fixture::new().await;
    for _ in 0..23 {
        fixture.rotate().await;
    }
    assert_eq!(fixture.ring().keys.len(), 24);
    let token = fixture.secrets.begin_rotation();
    is_rejected(fixture.step("createSecret", &token).await, "it has 24 keys");
}

#[tokio::test]
async fn a_late_rotation_has_time_for_its_own_steps() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    fixture.pass(5 * fixture::ROTATION / 2);
    let token = fixture.secrets.begin_rotation();
    for step in STEPS {
        fixture.step(step, &token).await.unwrap();
        fixture.pass(60);
    }
    assert_eq!(fixture.ring().keys.len(), 2);
}

#[tokio::test]
async fn what_another_rotation_has_published_in_between_is_not_overwritten() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let store = fixture.store().await;
    let read = store.read().await.unwrap();
    fixture.pass(fixture::ROTATION);
    fixture.rotate().await;
    let late = read.value.without("any", fixture.now());
    let replaced = store.replace(&read, &late, fixture.now()).await;
    assert!(replaced.unwrap_err().to_string().contains("run this one again"));
    assert_eq!(fixture.published_kids().await, kids(&fixture.ring()));
}

#[tokio::test]
async fn a_table_that_was_lost_is_published_again_by_the_next_rotation() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    fixture.deployment.table().delete("keys", "published").await;
    fixture.pass(fixture::ROTATION);
    fixture.rotate().await;
    assert_eq!(fixture.published_kids().await, kids(&fixture.ring()));
    assert_eq!(fixture.ring().keys.len(), 3);
}

#[tokio::test]
async fn a_ring_whose_keys_are_all_past_their_dates_begins_anew() {
    for by_rotation in [true, false] {
        let fixture = Fixture::new().await;
        fixture.rotate().await;
        let before = fixture.ring();
        fixture.pass_to(before.keys[1].dates.drop_at);
        if by_rotation {
            fixture.rotate().await;
        } else {
            let rotation = Rotation::connect(&fixture.env(), &fixture.clock()).await.unwrap();
            rotation.ensure_ring().await.unwrap();
        }
        let ring = fixture.ring();
        assert_eq!(ring.keys.len(), 2);
        assert!(ring.signer(fixture.now(), 0).is_some());
        assert!(!kids(&before).iter().any(|kid| ring.contains(kid)));
        assert!(ring.contains(before.session_keys[0].kid()), "sessions go on");
        assert_eq!(fixture.published_kids().await, kids(&ring));
    }
}

#[tokio::test]
async fn a_ring_of_before_session_keys_gets_one_that_seals_at_once() {
    for by_rotation in [true, false] {
        let fixture = Fixture::new().await;
        let mut document: serde_json::Value = serde_json::from_str(&ring_of(&[Kind::EdDsa])).unwrap();
        for secrets in ["session_keys", "names_key"] {
            document.as_object_mut().unwrap().remove(secrets).unwrap();
        }
        fixture.secrets.put(&document.to_string());
        let before = fixture.ring();
        if by_rotation {
            fixture.rotate().await;
        } else {
            let rotation = Rotation::connect(&fixture.env(), &fixture.clock()).await.unwrap();
            for _ in 0..2 {
                rotation.ensure_ring().await.unwrap();
            }
            assert_eq!(kids(&fixture.ring()), kids(&before));
        }
        let ring = fixture.ring();
        assert_eq!(ring.session_keys.len(), 1);
        assert_eq!(ring.session_keys[0].signs_from, fixture.now());
        assert!(ring.names_key.is_some());
    }
}

#[tokio::test]
async fn a_time_between_rotations_that_was_made_longer_leaves_no_gap() {
    let day = 86_400;
    let fixture = Fixture::with_variables(&[("KEY_KIND", "EdDSA"), ("KEY_ROTATION_SECONDS", "604800")]).await;
    fixture.rotate().await;
    fixture.pass(7 * day);
    let fixture = fixture.with("KEY_ROTATION_SECONDS", "2592000").await;
    fixture.rotate().await;
    for _ in 0..30 {
        fixture.pass(day);
        let signer = fixture
            .ring()
            .signer(fixture.now(), fixture::TOKEN_LIFE + fixture::LEAD)
            .is_some();
        assert!(signer, "{:?}", fixture.ring());
    }
}

#[tokio::test]
async fn a_lost_response_of_the_table_is_no_failure() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    fixture.pass(fixture::ROTATION);
    let token = fixture.secrets.begin_rotation();
    fixture.step("createSecret", &token).await.unwrap();
    fixture.proxy.script_for("PutItem", [Fault::HangUpAfterWrite]);
    fixture.step("setSecret", &token).await.unwrap();
    assert_eq!(
        fixture.proxy.count("PutItem"),
        3,
        "one of the first rotation, and two of this one"
    );
    fixture.step("testSecret", &token).await.unwrap();
    fixture.step("finishSecret", &token).await.unwrap();
}

#[tokio::test]
async fn an_unavailable_table_fails_the_step_and_changes_nothing() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let before = kids(&fixture.ring());
    let token = fixture.secrets.begin_rotation();
    fixture.step("createSecret", &token).await.unwrap();
    fixture.proxy.always_for("PutItem", Fault::Throttle);
    assert!(fixture.step("setSecret", &token).await.is_err());
    assert!(fixture.step("finishSecret", &token).await.is_err());
    assert_eq!(kids(&fixture.ring()), before);
    fixture.proxy.pass();
    fixture.step("setSecret", &token).await.unwrap();
    fixture.step("finishSecret", &token).await.unwrap();
    assert_eq!(fixture.ring().keys.len(), 3);
}

#[tokio::test]
async fn a_ring_that_became_current_in_between_is_not_replaced() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let token = fixture.secrets.begin_rotation();
    for step in &STEPS[..3] {
        fixture.step(step, &token).await.unwrap();
    }
    let current = fixture.secrets.current().unwrap();
    fixture.secrets.meanwhile("UpdateSecretVersionStage", &current);
    assert!(fixture.step("finishSecret", &token).await.is_err());
    assert_eq!(fixture.secrets.current().unwrap(), current);
}

#[tokio::test]
async fn a_published_key_that_cannot_verify_hinders_no_rotation_and_can_be_dropped() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let published = fixture.published().await.value.document().unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&published).unwrap();
    let mut bad = document["keys"][0].clone();
    bad["jwk"]["alg"] = "HS256".into();
    bad["jwk"]["kid"] = "bad".into();
    document["keys"].as_array_mut().unwrap().push(bad);
    fixture.deployment.publish(&document.to_string()).await;
    fixture.pass(fixture::ROTATION);
    fixture.rotate().await;
    assert!(fixture.published().await.value.contains("bad"));
    fixture.compromised("bad").await.unwrap();
    assert!(!fixture.published().await.value.contains("bad"));
    assert_eq!(fixture.published_kids().await, kids(&fixture.ring()));
}

#[tokio::test]
async fn a_whole_rotation_from_outside_gives_up_the_one_under_way() {
    let fixture = Fixture::new().await;
    fixture.rotate().await;
    let token = fixture.secrets.begin_rotation();
    fixture.step("createSecret", &token).await.unwrap();
    let time = fixture.clock();
    let rotation = Rotation::connect(&fixture.env(), &time).await.unwrap();
    rotation.rotate().await.unwrap();
    assert_eq!(fixture.ring().keys.len(), 3);
    assert_eq!(fixture.published_kids().await, kids(&fixture.ring()));
    is_rejected(fixture.step("setSecret", &token).await, "not pending");
}
