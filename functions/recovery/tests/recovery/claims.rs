//! Addresses that are claims until they are proved.

use serde_json::json;
use shared::mail::Purpose;
use testing::deployment::call;
use testing::event::{Event, me, register};

use crate::{ADDRESS, Fixture, NEW_PASSWORD, PASSWORD, assert_bad_token};

async fn claiming() -> Fixture {
    Fixture::with(&[("REQUIRE_VERIFIED_EMAIL", "true")]).await
}

/// Proves the address of a user, and returns the status.
async fn prove(fixture: &Fixture, id: &str) -> u16 {
    let token = fixture.token(Purpose::Prove, id, ADDRESS).await;
    let body = json!({"token": token, "password": PASSWORD});
    fixture.post("/verify", body).await.status
}

#[tokio::test]
async fn a_claim_is_shown_logs_no_user_in_and_is_a_name_once_it_is_proved() {
    let fixture = claiming().await;
    let body = json!({"email": ADDRESS, "password": PASSWORD});
    let register_function: register::Register = fixture.deployment.function().await;
    let answer = call(&register_function, register(&body)).await;
    assert_eq!((answer.status, &answer.body["email"]), (201, &json!(ADDRESS)));
    assert_eq!(answer.body["email_verified"], json!(false));
    let id = answer.body["id"].as_str().unwrap();
    assert_eq!(fixture.log_in(ADDRESS, PASSWORD).await.status, 401);
    assert_eq!(prove(&fixture, id).await, 200);
    assert_eq!(fixture.log_in(ADDRESS, PASSWORD).await.status, 200);
    let item = fixture
        .deployment
        .table()
        .item(&format!("user#{id}"), "user")
        .await;
    assert!(
        item["expires_at"].is_null() && item["claimed_email"].is_null(),
        "{item}"
    );
    let keys = fixture.deployment.table().partition_keys().await;
    assert!(!keys.iter().any(|key| key.starts_with("claims#")), "{keys:?}");
}

#[tokio::test]
async fn registration_responds_alike_whether_or_not_an_address_has_a_user() {
    let fixture = claiming().await;
    let first = fixture.johndoe().await;
    assert_eq!(prove(&fixture, &first).await, 200);
    let register_function: register::Register = fixture.deployment.function().await;
    let mut answers = Vec::new();
    for (username, email) in [("a", ADDRESS), ("b", ADDRESS), ("c", "free@example.com")] {
        fixture.proxy.reset_counts();
        let body = json!({"username": username, "email": email, "password": PASSWORD});
        let mut answer = call(&register_function, register(&body)).await;
        for member in ["id", "username", "email"] {
            answer.body[member].take();
        }
        answers.push((answer.status, answer.body, fixture.proxy.operations()));
    }
    assert_eq!(answers[0].0, 201);
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    let taken = json!({"username": "johndoe", "email": "x@example.com", "password": PASSWORD});
    let answer = call(&register_function, register(&taken)).await;
    assert_eq!(
        (answer.status, crate::code_of(&answer, "username")),
        (409, Some("taken"))
    );
}

#[tokio::test]
async fn e_01_the_first_proof_wins_and_every_other_claim_is_void() {
    let fixture = claiming().await;
    let squatter = fixture
        .registered(json!({"username": "mallory", "email": ADDRESS, "password": PASSWORD}))
        .await;
    let late = fixture.token(Purpose::Prove, &squatter, ADDRESS).await;
    let reset = fixture.token(Purpose::Reset, &squatter, ADDRESS).await;
    let owner = fixture.johndoe().await;
    assert_eq!(prove(&fixture, &owner).await, 200);
    let body = json!({"token": late, "password": PASSWORD});
    assert_bad_token(&fixture.post("/verify", body).await, "another proof");
    let body = json!({"token": reset, "password": NEW_PASSWORD});
    assert_bad_token(&fixture.post("/reset-password", body).await, "another reset");
    let me_function: me::Me = fixture.deployment.function().await;
    let bearer = fixture.access_token("mallory").await;
    let shown = call(&me_function, me(&bearer)).await;
    assert_eq!(
        (shown.status, &shown.body["email"]),
        (200, &json!(null)),
        "{shown:?}"
    );
}

#[tokio::test]
async fn a_proof_replaces_a_marker_of_before_that_was_not_proved() {
    let before = Fixture::new().await;
    let squatter = before
        .registered(json!({"username": "mallory", "email": ADDRESS, "password": PASSWORD}))
        .await;
    assert_eq!(before.log_in(ADDRESS, PASSWORD).await.status, 200, "{squatter}");
    let Fixture {
        deployment,
        proxy,
        time,
        ..
    } = before;
    let deployment = deployment.with("REQUIRE_VERIFIED_EMAIL", "true");
    let recovery = deployment.function().await;
    let fixture = Fixture {
        deployment,
        proxy,
        time,
        recovery,
    };
    let body = json!({"username": "johndoe", "email": ADDRESS, "password": NEW_PASSWORD});
    let owner = fixture.registered(body).await;
    let token = fixture.token(Purpose::Prove, &owner, ADDRESS).await;
    let body = json!({"token": token, "password": NEW_PASSWORD});
    assert_eq!(fixture.post("/verify", body).await.status, 200);
    assert_eq!(fixture.log_in(ADDRESS, PASSWORD).await.status, 401);
    assert_eq!(fixture.log_in(ADDRESS, NEW_PASSWORD).await.status, 200);
    let me_function: me::Me = fixture.deployment.function().await;
    let shown = call(&me_function, me(&fixture.access_token("mallory").await)).await;
    assert_eq!(
        (shown.status, &shown.body["email"]),
        (200, &json!(null)),
        "it lives on without"
    );
    let users = fixture.deployment.users().await;
    let mut pages = users.records();
    let records = pages.next().await.unwrap().unwrap();
    let owners = records
        .iter()
        .filter(|(_, record)| record.as_ref().unwrap().user.profile.email.is_some());
    assert_eq!(owners.count(), 1, "an export has the address once");
}

#[tokio::test]
async fn a_claim_of_an_address_that_was_proved_before_is_shown_like_any_other() {
    let fixture = claiming().await;
    let owner = fixture.johndoe().await;
    assert_eq!(prove(&fixture, &owner).await, 200);
    fixture.time.pass(1);
    let me_function: me::Me = fixture.deployment.function().await;
    for (username, email) in [("probe1", ADDRESS), ("probe2", "free@example.com")] {
        fixture
            .registered(json!({"username": username, "email": email, "password": PASSWORD}))
            .await;
        let bearer = fixture.access_token(username).await;
        let shown = call(&me_function, me(&bearer)).await;
        assert_eq!(
            shown.body["email"],
            json!(email),
            "it tells no one that an address has a user"
        );
    }
}

#[tokio::test]
async fn a_change_is_a_claim_beside_the_proved_address_and_expires_in_a_week() {
    let fixture = claiming().await;
    let id = fixture.johndoe().await;
    assert_eq!(prove(&fixture, &id).await, 200);
    let me_function: me::Me = fixture.deployment.function().await;
    let bearer = fixture.access_token("johndoe").await;
    let change = |body| Event::new("PATCH", "/users/me").json(&body).bearer(&bearer);
    let answer = call(&me_function, change(json!({"email": "new@example.com"}))).await;
    let shown = (&answer.body["email"], &answer.body["email_verified"]);
    assert_eq!(shown, (&json!("new@example.com"), &json!(false)), "{answer:?}");
    assert_eq!(
        fixture.log_in(ADDRESS, PASSWORD).await.status,
        200,
        "it is still a name"
    );
    assert_eq!(fixture.log_in("new@example.com", PASSWORD).await.status, 401);
    let again = call(&me_function, change(json!({"email": "new@example.com"}))).await;
    assert_eq!(
        again.body["updated_at"], answer.body["updated_at"],
        "nothing changed"
    );
    let token = fixture.token(Purpose::Prove, &id, "new@example.com").await;
    fixture.time.pass(7 * 24 * 60 * 60);
    let body = json!({"token": token, "password": PASSWORD});
    assert_bad_token(&fixture.post("/verify", body).await, "the claim is void");
    let shown = fixture.user(&id).await.shown(fixture.time.now());
    let email = shown.profile.email.as_ref().map(ToString::to_string);
    assert_eq!((email.as_deref(), shown.email_verified), (Some(ADDRESS), true));
}

#[tokio::test]
async fn a_claim_alone_is_no_name_that_could_be_left() {
    let fixture = claiming().await;
    fixture.johndoe().await;
    let me_function: me::Me = fixture.deployment.function().await;
    let bearer = fixture.access_token("johndoe").await;
    let change = Event::new("PATCH", "/users/me")
        .json(&json!({"username": null}))
        .bearer(&bearer);
    let answer = call(&me_function, change).await;
    assert_eq!(
        (answer.status, crate::code_of(&answer, "username")),
        (422, Some("required"))
    );
}

#[tokio::test]
async fn an_account_with_a_proved_address_is_not_recovered_by_one_that_it_claims() {
    let fixture = claiming().await;
    let id = fixture.johndoe().await;
    assert_eq!(prove(&fixture, &id).await, 200);
    let me_function: me::Me = fixture.deployment.function().await;
    let bearer = fixture.access_token("johndoe").await;
    let change = Event::new("PATCH", "/users/me")
        .json(&json!({"email": "victim@example.com"}))
        .bearer(&bearer);
    assert_eq!(call(&me_function, change).await.status, 200);
    let token = fixture.token(Purpose::Reset, &id, "victim@example.com").await;
    let body = json!({"token": token, "password": NEW_PASSWORD});
    assert_bad_token(&fixture.post("/reset-password", body).await, "a claim");
}

#[tokio::test]
async fn another_spelling_of_a_name_is_another_mailbox() {
    let fixture = claiming().await;
    let body = json!({"username": "johndoe", "email": "strasse@example.com", "password": PASSWORD});
    let id = fixture.registered(body).await;
    let own = fixture.token(Purpose::Prove, &id, "strasse@example.com").await;
    let other = fixture.token(Purpose::Prove, &id, "straße@example.com").await;
    let proof = |token: &str| json!({"token": token, "password": PASSWORD});
    assert_bad_token(&fixture.post("/verify", proof(&other)).await, "another spelling");
    assert_eq!(fixture.post("/verify", proof(&own)).await.status, 200);
    let me_function: me::Me = fixture.deployment.function().await;
    let bearer = fixture.access_token("johndoe").await;
    let change = Event::new("PATCH", "/users/me")
        .json(&json!({"email": "straße@example.com"}))
        .bearer(&bearer);
    let answer = call(&me_function, change).await;
    assert_eq!(
        (answer.status, &answer.body["email_verified"]),
        (200, &json!(false)),
        "{answer:?}"
    );
    assert_eq!(fixture.log_in("strasse@example.com", PASSWORD).await.status, 200);
}
