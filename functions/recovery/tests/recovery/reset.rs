//! Passwords that are replaced.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;
use shared::mail::{MailToken, Purpose};
use testing::deployment::call;
use testing::event::{Event, me};

use crate::{ADDRESS, Fixture, NEW_PASSWORD, PASSWORD, assert_bad_token, code_of, post};

#[tokio::test]
async fn n_10_a_reset_ends_sessions_and_keys_proves_the_address_and_logs_no_user_in() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let bearer = fixture.access_token("johndoe").await;
    let keys: api_keys::ApiKeys = fixture.deployment.function().await;
    let key = Event::new("POST", "/api-keys")
        .json(&json!({"name": "ci"}))
        .bearer(&bearer);
    assert_eq!(call(&keys, key).await.status, 201);
    let token = fixture.token(Purpose::Reset, &id, ADDRESS).await;
    let body = json!({"token": token, "password": NEW_PASSWORD});
    let answer = fixture.post("/reset-password", body.clone()).await;
    assert_eq!((answer.status, &answer.body), (204, &json!(null)), "{answer:?}");
    assert!(answer.headers.get("set-cookie").is_none());
    assert_bad_token(&fixture.post("/reset-password", body).await, "it was spent");
    let me_function: me::Me = fixture.deployment.function().await;
    assert_eq!(
        call(&me_function, me(&bearer)).await.status,
        401,
        "the session has ended"
    );
    let account = fixture.account(&id).await;
    assert!(account.user.email_verified && account.sessions.is_empty());
    let table = fixture.deployment.table();
    assert!(!table.partition_keys().await.contains(&format!("api-keys#{id}")));
    assert_eq!(fixture.log_in("johndoe", PASSWORD).await.status, 401);
    assert_eq!(fixture.log_in(ADDRESS, NEW_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn n_10_a_token_has_256_bits_is_a_digest_at_rest_and_expires() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let token = fixture.token(Purpose::Reset, &id, ADDRESS).await;
    assert_eq!(token.len(), 43, "256 bits of base64url");
    let keys = fixture.deployment.table().partition_keys().await;
    assert!(keys.iter().any(|key| key.starts_with("mail-token#")));
    for key in keys.iter().filter(|key| key.starts_with("mail-token#")) {
        let item = fixture
            .deployment
            .table()
            .item(key, "mail-token")
            .await
            .to_string();
        assert!(!item.contains(&token), "{item}");
    }
    fixture.time.pass(30 * 60 - 1);
    let broken = json!({"token": token, "password": "short"});
    assert_eq!(
        fixture.post("/reset-password", broken).await.status,
        422,
        "it lives"
    );
    fixture.time.pass(1);
    let late = json!({"token": token, "password": NEW_PASSWORD});
    assert_bad_token(&fixture.post("/reset-password", late).await, "half an hour old");
}

#[tokio::test]
async fn e_02_a_password_that_breaks_a_rule_does_not_spend_the_token() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let token = fixture.token(Purpose::Reset, &id, ADDRESS).await;
    for (password, code) in [
        ("short", "too_short"),
        ("password1", "common"),
        ("johndoe johndoe", "common"),
    ] {
        let answer = fixture
            .post("/reset-password", json!({"token": token, "password": password}))
            .await;
        assert_eq!(
            (answer.status, code_of(&answer, "password")),
            (422, Some(code)),
            "{password}"
        );
    }
    let answer = fixture.post("/reset-password", json!({"token": token})).await;
    assert_eq!(
        (answer.status, code_of(&answer, "password")),
        (422, Some("required"))
    );
    let answer = fixture
        .post(
            "/reset-password",
            json!({"token": token, "password": NEW_PASSWORD}),
        )
        .await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

#[tokio::test]
async fn e_02_of_parallel_resets_by_one_token_one_succeeds() {
    let fixture = Arc::new(Fixture::new().await);
    let id = fixture.johndoe().await;
    let token = fixture.token(Purpose::Reset, &id, ADDRESS).await;
    let posts = (0..1_000).map(|index| {
        let body = json!({"token": token, "password": format!("{NEW_PASSWORD} {index}")});
        let (event, fixture) = (post("/reset-password", &body), Arc::clone(&fixture));
        tokio::spawn(async move { call(&fixture.recovery, event).await.status })
    });
    let statuses = join_all(posts).await.into_iter().map(Result::unwrap);
    let statuses: Vec<u16> = statuses.collect();
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(count(204), 1, "{statuses:?}");
    assert!(count(400) > 0, "{statuses:?}");
    // 503 where too many hashes are waiting.
    assert_eq!(count(204) + count(400) + count(503), 1_000, "{statuses:?}");
    assert_eq!(fixture.account(&id).await.credential_generation, 1);
}

#[tokio::test]
async fn guesses_before_a_reset_do_not_delay_the_log_in_after_it() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    for _ in 0..5 {
        assert_eq!(fixture.log_in("johndoe", "wrong password").await.status, 401);
    }
    assert_eq!(fixture.log_in("johndoe", PASSWORD).await.status, 429);
    let token = fixture.token(Purpose::Reset, &id, ADDRESS).await;
    let body = json!({"token": token, "password": NEW_PASSWORD});
    assert_eq!(fixture.post("/reset-password", body).await.status, 204);
    assert_eq!(fixture.log_in("johndoe", NEW_PASSWORD).await.status, 200);
}

/// Returns an undo token of an address that was proved, or was not.
async fn undo(fixture: &Fixture, id: &str, recoveries: Option<u64>) -> String {
    let token = MailToken {
        purpose: Purpose::Undo,
        user: id.to_owned(),
        address: ADDRESS.to_owned(),
        generation: None,
        recoveries,
        expires_at: fixture.time.now().plus(Purpose::Undo.seconds()),
    };
    let nonce = [u8::from(recoveries.is_some()); 16];
    fixture.store(&token, &nonce).await
}

/// Gives johndoe another address, as a stranger with the session and the password does.
async fn moved(fixture: &Fixture, to: &str) {
    let me_function: me::Me = fixture.deployment.function().await;
    let bearer = fixture.access_token("johndoe").await;
    let change = Event::new("PATCH", "/users/me")
        .json(&json!({"email": to}))
        .bearer(&bearer);
    assert_eq!(call(&me_function, change).await.status, 200);
}

#[tokio::test]
async fn an_undo_restores_the_address_by_another_password_whatever_happened_since() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let proof = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    let body = json!({"token": proof, "password": PASSWORD});
    assert_eq!(fixture.post("/verify", body).await.status, 200);
    let undo = undo(&fixture, &id, None).await;
    moved(&fixture, "mallory@example.com").await;
    let reset = fixture.token(Purpose::Reset, &id, "mallory@example.com").await;
    let body = json!({"token": reset, "password": "the stranger's own words"});
    assert_bad_token(
        &fixture.post("/reset-password", body.clone()).await,
        "a proved address is left for a proved one alone",
    );
    let proof = fixture.token(Purpose::Prove, &id, "mallory@example.com").await;
    let proving = json!({"token": proof, "password": PASSWORD});
    assert_eq!(fixture.post("/verify", proving).await.status, 200);
    assert_eq!(fixture.post("/reset-password", body).await.status, 204);
    fixture.time.pass(7 * 24 * 60 * 60 - 1);
    let body = json!({"token": undo, "password": NEW_PASSWORD});
    let answer = fixture.post("/reset-password", body.clone()).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    let user = fixture.user(&id).await;
    let email = user.profile.email.as_ref().map(ToString::to_string);
    assert_eq!((email.as_deref(), user.email_verified), (Some(ADDRESS), true));
    assert_eq!(fixture.log_in(ADDRESS, NEW_PASSWORD).await.status, 200);
    assert_eq!(
        fixture.log_in("mallory@example.com", NEW_PASSWORD).await.status,
        401
    );
    assert_bad_token(&fixture.post("/reset-password", body).await, "it was spent");
}

#[tokio::test]
async fn an_undo_of_an_address_that_was_not_proved_is_void_after_a_reset() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let undo = undo(&fixture, &id, Some(0)).await;
    moved(&fixture, "jane@example.com").await;
    let reset = fixture.token(Purpose::Reset, &id, "jane@example.com").await;
    let body = json!({"token": reset, "password": NEW_PASSWORD});
    assert_eq!(fixture.post("/reset-password", body).await.status, 204);
    let body = json!({"token": undo, "password": "a squatter's own words"});
    assert_bad_token(
        &fixture.post("/reset-password", body).await,
        "the account was recovered",
    );
}

#[tokio::test]
async fn an_operators_password_voids_an_undo_of_an_address_that_was_not_proved() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let undo = undo(&fixture, &id, Some(0)).await;
    moved(&fixture, "jane@example.com").await;
    let (users, account) = (fixture.deployment.users().await, fixture.account(&id).await);
    let hash = users
        .credentials_of(&account.user.id)
        .await
        .unwrap()
        .unwrap()
        .hash
        .unwrap();
    assert!(users.reset_password(&account.user.id, &hash).await.unwrap());
    let body = json!({"token": undo, "password": "a squatter's own words"});
    assert_bad_token(
        &fixture.post("/reset-password", body).await,
        "the account has another owner",
    );
}

#[tokio::test]
async fn an_undo_takes_the_address_back_from_who_registered_it_without_proof() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let undo = undo(&fixture, &id, None).await;
    moved(&fixture, "mallory@example.com").await;
    let body = json!({"username": "mallory", "email": ADDRESS, "password": PASSWORD});
    let other = fixture.registered(body).await;
    let body = json!({"token": undo, "password": NEW_PASSWORD});
    assert_eq!(fixture.post("/reset-password", body).await.status, 204);
    assert_eq!(fixture.log_in(ADDRESS, NEW_PASSWORD).await.status, 200);
    // The other one lives on by its username, and can leave.
    let me_function: me::Me = fixture.deployment.function().await;
    let bearer = fixture.access_token("mallory").await;
    let delete = Event::new("DELETE", "/users/me").bearer(&bearer);
    assert_eq!(call(&me_function, delete).await.status, 204);
    assert_eq!(fixture.log_in(ADDRESS, NEW_PASSWORD).await.status, 200, "{other}");
}
