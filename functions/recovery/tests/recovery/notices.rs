//! What users are notified of.

use serde_json::{Value, json};
use shared::mail::Purpose;
use testing::deployment::call;
use testing::event::{Event, log_in};
use token::Token;

use crate::{ADDRESS, Fixture, NEW_PASSWORD, PASSWORD, assert_bad_token};

/// Returns kind and address of the mails in the outbox, and empties it.
async fn announced(fixture: &Fixture) -> Vec<(String, String)> {
    let table = fixture.deployment.table();
    let mut mails = Vec::new();
    for key in table.partition_keys().await {
        if key.starts_with("mail#") {
            let mail = table.item(&key, "mail").await;
            let text = |member: &str| mail[member]["S"].as_str().unwrap().to_owned();
            mails.push((text("kind"), text("to")));
            table.delete(&key, "mail").await;
        }
    }
    mails
}

fn mail(kind: &str, to: &str) -> (String, String) {
    (kind.to_owned(), to.to_owned())
}

async fn patch(fixture: &Fixture, body: &Value) -> u16 {
    let function: me::Me = fixture.deployment.function().await;
    let bearer = fixture.access_token("johndoe").await;
    let change = Event::new("PATCH", "/users/me").json(body).bearer(&bearer);
    call(&function, change).await.status
}

#[tokio::test]
async fn every_notice_goes_to_the_users_address() {
    let fixture = Fixture::with(&[("NOTIFY_NEW_NETWORK", "true")]).await;
    let id = fixture.johndoe().await;
    let bearer = fixture.access_token("johndoe").await;
    assert_eq!(
        announced(&fixture).await,
        [],
        "neither a registration nor a first log-in"
    );
    let log_ins: Token = fixture.deployment.function().await;
    let elsewhere = log_in("johndoe", PASSWORD).from_address("198.51.100.7");
    assert_eq!(call(&log_ins, elsewhere.clone()).await.status, 200);
    assert_eq!(announced(&fixture).await, [mail("new-network", ADDRESS)]);
    assert_eq!(call(&log_ins, elsewhere).await.status, 200);
    assert_eq!(announced(&fixture).await, [], "it is remembered");
    let keys: api_keys::ApiKeys = fixture.deployment.function().await;
    let key = Event::new("POST", "/api-keys").json(&json!({"name": "ci"}));
    assert_eq!(call(&keys, key.bearer(&bearer)).await.status, 201);
    assert_eq!(announced(&fixture).await, [mail("api-key-created", ADDRESS)]);
    assert_eq!(patch(&fixture, &json!({"full_name": "John Doe"})).await, 200);
    assert_eq!(announced(&fixture).await, [], "another name is none");
    assert_eq!(patch(&fixture, &json!({"email": "new@example.com"})).await, 200);
    assert_eq!(announced(&fixture).await, [mail("address-changed", ADDRESS)]);
    let me_function: me::Me = fixture.deployment.function().await;
    let passwords = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let change = Event::new("PUT", "/users/me/password").json(&passwords);
    assert_eq!(call(&me_function, change.bearer(&bearer)).await.status, 204);
    assert_eq!(
        announced(&fixture).await,
        [mail("password-changed", "new@example.com")]
    );
    let token = fixture.token(Purpose::Reset, &id, "new@example.com").await;
    let body = json!({"token": token, "password": PASSWORD});
    assert_eq!(fixture.post("/reset-password", body).await.status, 204);
    assert_eq!(
        announced(&fixture).await,
        [mail("password-changed", "new@example.com")]
    );
}

#[tokio::test]
async fn without_mail_nothing_is_announced() {
    let fixture = Fixture::with(&[("MAIL_FROM", ""), ("NOTIFY_NEW_NETWORK", "true")]).await;
    fixture.johndoe().await;
    assert_eq!(patch(&fixture, &json!({"email": "new@example.com"})).await, 200);
    assert_eq!(announced(&fixture).await, []);
}

#[tokio::test]
async fn a_proved_address_is_left_for_a_proved_one_alone_in_both_modes() {
    for mode in ["false", "true"] {
        let fixture = Fixture::with(&[("REQUIRE_VERIFIED_EMAIL", mode)]).await;
        let id = fixture.johndoe().await;
        let proof = fixture.token(Purpose::Prove, &id, ADDRESS).await;
        let body = json!({"token": proof, "password": PASSWORD});
        assert_eq!(fixture.post("/verify", body).await.status, 200, "{mode}");
        announced(&fixture).await;
        assert_eq!(patch(&fixture, &json!({"email": "new@example.com"})).await, 200);
        let mut both = announced(&fixture).await;
        both.sort();
        assert_eq!(
            both,
            [
                mail("address-changed", ADDRESS),
                mail("claimed", "new@example.com")
            ]
        );
        assert_eq!(fixture.log_in(ADDRESS, PASSWORD).await.status, 200, "{mode}");
        let proof = fixture.token(Purpose::Prove, &id, "new@example.com").await;
        let body = json!({"token": proof, "password": PASSWORD});
        assert_eq!(fixture.post("/verify", body).await.status, 200, "{mode}");
        let again = [mail("address-changed", ADDRESS)];
        assert_eq!(
            announced(&fixture).await,
            again,
            "the undo lives from the change on"
        );
        assert_eq!(fixture.log_in(ADDRESS, PASSWORD).await.status, 401, "{mode}");
        assert_eq!(
            fixture.log_in("new@example.com", PASSWORD).await.status,
            200,
            "{mode}"
        );
    }
}

#[tokio::test]
async fn an_address_that_was_proved_and_removed_is_not_replaced_by_one_that_was_not() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let proof = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    let body = json!({"token": proof, "password": PASSWORD});
    assert_eq!(fixture.post("/verify", body).await.status, 200);
    assert_eq!(patch(&fixture, &json!({"email": null})).await, 200);
    assert_eq!(
        patch(&fixture, &json!({"email": "victim@example.com"})).await,
        200
    );
    let token = fixture.token(Purpose::Reset, &id, "victim@example.com").await;
    let body = json!({"token": token, "password": NEW_PASSWORD});
    assert_bad_token(&fixture.post("/reset-password", body).await, "a trap");
}
