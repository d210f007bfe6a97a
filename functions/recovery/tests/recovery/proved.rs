//! Addresses that are proved.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;
use shared::mail::Purpose;
use testing::deployment::call;
use testing::fault_proxy::Fault;

use crate::{ADDRESS, Fixture, NEW_PASSWORD, PASSWORD, assert_bad_token, post};

#[tokio::test]
async fn an_address_is_proved_by_its_token_and_the_password_and_once() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let token = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    let body = json!({"token": token, "password": PASSWORD});
    let answer = fixture.post("/verify", body.clone()).await;
    assert_eq!(
        (answer.status, &answer.body["email_verified"]),
        (200, &json!(true)),
        "{answer:?}"
    );
    assert_eq!(
        (&answer.body["id"], &answer.body["email"]),
        (&json!(id), &json!(ADDRESS))
    );
    assert_bad_token(&fixture.post("/verify", body).await, "it was spent");
    let marker = fixture
        .deployment
        .table()
        .item(&format!("email#{ADDRESS}"), "name")
        .await;
    assert_eq!(marker["email_verified"], json!({"BOOL": true}));
}

#[tokio::test]
async fn an_address_is_proved_by_its_token_and_the_accounts_access_token() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let token = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    let stranger = json!({"username": "mallory", "password": PASSWORD});
    fixture.registered(stranger).await;
    let of_stranger = fixture.access_token("mallory").await;
    let event = |bearer: &str| post("/verify", &json!({"token": token})).bearer(bearer);
    assert_bad_token(
        &call(&fixture.recovery, event(&of_stranger)).await,
        "another account",
    );
    let answer = call(&fixture.recovery, event(&fixture.access_token("johndoe").await)).await;
    assert_eq!(
        (answer.status, &answer.body["email_verified"]),
        (200, &json!(true)),
        "{answer:?}"
    );
}

#[tokio::test]
async fn without_password_and_access_token_a_token_is_401_and_not_spent() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let token = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    let neither = fixture.post("/verify", json!({"token": token})).await;
    assert_eq!(neither.status, 401, "{neither:?}");
    assert_eq!(neither.header("www-authenticate"), "Bearer realm=\"latchkey\"");
    for password in ["wrong password", &"x".repeat(2_000)] {
        let wrong = fixture
            .post("/verify", json!({"token": token, "password": password}))
            .await;
        assert_eq!(wrong.status, 401, "{wrong:?}");
    }
    let broken = call(
        &fixture.recovery,
        post("/verify", &json!({"token": token})).bearer("x.y.z"),
    )
    .await;
    assert_eq!(broken.status, 401, "{broken:?}");
    assert!(!fixture.user(&id).await.email_verified);
    let right = fixture
        .post("/verify", json!({"token": token, "password": PASSWORD}))
        .await;
    assert_eq!(right.status, 200, "{right:?}");
}

#[tokio::test]
async fn a_bad_token_is_one_400_whatever_is_bad_about_it() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let of_reset = fixture.token(Purpose::Reset, &id, ADDRESS).await;
    let of_other_address = fixture.token(Purpose::Prove, &id, "other@example.com").await;
    let expired = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    let mut answers = Vec::new();
    for (what, token) in [
        ("made up", "x".repeat(43)),
        ("long", "x".repeat(4_000)),
        ("empty", String::new()),
        ("for a reset", of_reset),
        ("of an address that is not the user's", of_other_address),
    ] {
        let answer = fixture
            .post("/verify", json!({"token": token, "password": PASSWORD}))
            .await;
        assert_bad_token(&answer, what);
        answers.push((
            answer.status,
            answer.body["errors"].clone(),
            answer.body["detail"].clone(),
        ));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    fixture.time.pass(24 * 60 * 60);
    let answer = fixture
        .post("/verify", json!({"token": expired, "password": PASSWORD}))
        .await;
    assert_bad_token(&answer, "a day old");
}

#[tokio::test]
async fn a_token_is_bound_to_the_generation_of_the_password() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let prove = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    let reset = fixture.token(Purpose::Reset, &id, ADDRESS).await;
    fixture
        .deployment
        .table()
        .set(&id, "credential_generation", json!({"N": "1"}))
        .await;
    let proving = json!({"token": prove, "password": PASSWORD});
    assert_bad_token(&fixture.post("/verify", proving).await, "a proof");
    let resetting = json!({"token": reset, "password": NEW_PASSWORD});
    assert_bad_token(&fixture.post("/reset-password", resetting).await, "a reset");
}

#[tokio::test]
async fn e_02_of_a_thousand_parallel_proofs_by_one_token_one_succeeds() {
    let fixture = Arc::new(Fixture::new().await);
    let id = fixture.johndoe().await;
    let token = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    let bearer = fixture.access_token("johndoe").await;
    let posts = (0..1_000).map(|_| {
        let event = post("/verify", &json!({"token": token})).bearer(&bearer);
        let fixture = Arc::clone(&fixture);
        tokio::spawn(async move { call(&fixture.recovery, event).await.status })
    });
    let statuses = join_all(posts).await.into_iter().map(Result::unwrap);
    let statuses: Vec<u16> = statuses.collect();
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(count(200), 1, "{statuses:?}");
    assert!(count(400) > 0, "{statuses:?}");
    assert_eq!(count(200) + count(400) + count(503), 1_000, "{statuses:?}");
}

#[tokio::test]
async fn a_wrong_password_at_the_proof_counts_as_a_failed_log_in() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let token = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    let wrong = json!({"token": token, "password": "wrong password"});
    for _ in 0..5 {
        assert_eq!(fixture.post("/verify", wrong.clone()).await.status, 401);
    }
    let throttled = fixture.post("/verify", wrong).await;
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, "30"));
}

#[tokio::test]
async fn a_proof_is_done_though_its_attempt_cannot_be_taken_back() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let token = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    // The attempt is counted by the first.
    fixture.proxy.script_for("UpdateItem", [Fault::Pass]);
    fixture.proxy.always_for("UpdateItem", Fault::Status500);
    let answer = fixture
        .post("/verify", json!({"token": token, "password": PASSWORD}))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_proof_of_a_disabled_user_is_rejected() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let token = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    fixture
        .deployment
        .table()
        .set(&id, "disabled", json!({"BOOL": true}))
        .await;
    let answer = fixture
        .post("/verify", json!({"token": token, "password": PASSWORD}))
        .await;
    assert_eq!(
        (answer.status, &answer.body["detail"]),
        (400, &json!("Inactive user"))
    );
}
