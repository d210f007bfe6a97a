//! How a key is accepted by a reader's own function.

use shared::api_keys::IssuedKey;
use testing::fault_proxy::Fault;

use super::*;

/// Returns a well-formed key of these ids that nobody issued.
fn made_up(user: &str, id: &str) -> String {
    IssuedKey::generate(user, id).unwrap().as_str().to_owned()
}

#[tokio::test]
async fn a_01_a_malformed_key_costs_no_request_and_a_right_one_costs_one() {
    let fixture = Fixture::new().await;
    let made = fixture.make(json!({"name": "laptop"})).await;
    fixture.operations();
    let used = fixture.use_key(&made.text).await;
    assert_eq!((used.status, &used.body["sub"]), (200, &json!(fixture.user)));
    assert_eq!(
        fixture.operations(),
        ["BatchGetItem", "UpdateItem"],
        "the first use is written"
    );
    let (key, length) = (&*made.text, made.text.len());
    let last = if key.ends_with('0') { '1' } else { '0' };
    let wrong_checksum = format!("{}{last}", &key[..length - 1]);
    let read = ["BatchGetItem"];
    for (what, key, status, requests) in [
        ("the key", key.to_owned(), 200, &read[..]),
        ("a wrong checksum", wrong_checksum, 401, &[]),
        ("its beginning", key[..length - 1].to_owned(), 401, &[]),
        ("a longer one", format!("{key}0"), 401, &[]),
        ("another case", key.to_lowercase(), 401, &[]),
        ("its mark alone", "lk_".to_owned(), 401, &[]),
        ("another secret", made_up(&fixture.user, &made.id), 401, &read),
        ("an unknown key", made_up(&fixture.user, UNKNOWN), 401, &read),
        ("an unknown user", made_up(UNKNOWN, &made.id), 401, &read),
    ] {
        for _ in 0..2 {
            let answer = fixture.use_key(&key).await;
            assert_eq!(answer.status, status, "{what}: {answer:?}");
            assert_eq!(fixture.operations(), requests, "{what}");
        }
        if status == 401 {
            let answer = fixture.use_key(&key).await;
            assert_eq!(answer.body["error"], "invalid_token", "{what}");
            assert_eq!(
                answer.header("www-authenticate"),
                "Bearer realm=\"latchkey\", error=\"invalid_token\", error_description=\"Could not validate credentials\""
            );
            fixture.operations();
        }
    }
}

#[tokio::test]
async fn a_use_is_written_at_once_and_then_once_an_hour_and_its_failure_is_ignored() {
    let fixture = Fixture::new().await;
    let made = fixture.make(json!({"name": "laptop"})).await;
    let last_used_at = async || fixture.listed().await[0]["last_used_at"].clone();
    for (passed, written, shown) in [
        (0, true, 0),
        (3_599, false, 0),
        (1, true, 3_600),
        (3_600, true, 7_200),
    ] {
        fixture.time.pass(passed);
        fixture.operations();
        assert_eq!(fixture.use_key(&made.text).await.status, 200);
        let writes = fixture.operations().contains(&"UpdateItem".to_owned());
        assert_eq!((writes, last_used_at().await), (written, at(shown)), "{passed}");
    }
    fixture.time.pass(3_600);
    fixture.proxy.always_for("UpdateItem", Fault::HangUpBefore);
    assert_eq!(fixture.use_key(&made.text).await.status, 200);
    assert_eq!(last_used_at().await, at(7_200));
    fixture.proxy.pass();
    // A use that another one came before is not written again: both read that none was within the hour.
    let users = fixture.deployment.users().await;
    let user = UserId::known(fixture.user.clone());
    assert_eq!(fixture.use_key(&made.text).await.status, 200);
    fixture.time.pass(5);
    users
        .note_api_key_use(&user, &made.id, fixture.time.now())
        .await
        .unwrap();
    assert_eq!(last_used_at().await, at(10_800));
    assert!(users.end_api_key(&user, &made.id).await.unwrap());
    fixture.time.pass(3_600);
    users
        .note_api_key_use(&user, &made.id, fixture.time.now())
        .await
        .unwrap();
    assert!(fixture.listed().await.is_empty(), "a use makes no key");
}

#[tokio::test]
async fn a_01_an_ended_an_expired_and_a_disabled_owners_key_is_rejected_at_once() {
    let fixture = Fixture::new().await;
    let kept = fixture.make(json!({"name": "kept"})).await;
    let ended = fixture.make(json!({"name": "ended"})).await;
    let expiring = fixture.make(json!({"name": "expiring", "expires_in": 60})).await;
    let statuses = async || {
        let mut statuses = Vec::new();
        for key in [&kept, &ended, &expiring] {
            statuses.push(fixture.use_key(&key.text).await.status);
        }
        statuses
    };
    assert_eq!(statuses().await, [200, 200, 200]);
    assert_eq!(fixture.send(end(&ended.id)).await.status, 204);
    fixture.time.pass(59);
    assert_eq!(statuses().await, [200, 401, 200]);
    fixture.time.pass(1);
    assert_eq!(statuses().await, [200, 401, 401], "a second after the last");
    let table = fixture.deployment.table();
    for (disabled, status) in [(true, 401), (false, 200)] {
        let value = json!({"BOOL": disabled});
        table.set(&fixture.user, "disabled", value).await;
        let answer = fixture.use_key(&kept.text).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    // The sessions end with a new password, and the keys stay.
    table.set(&fixture.user, "sessions", json!({"M": {}})).await;
    table
        .set(&fixture.user, "credential_generation", json!({"N": "1"}))
        .await;
    assert_eq!(fixture.use_key(&kept.text).await.status, 200);
    let item = table.item(&format!("user#{}", fixture.user), "user").await;
    table.delete(item["pk"]["S"].as_str().unwrap(), "user").await;
    assert_eq!(fixture.use_key(&kept.text).await.status, 401, "its owner is gone");
}

#[tokio::test]
async fn a_key_comes_in_three_headers_and_a_wrong_one_in_token_is_a_403() {
    let fixture = Fixture::new().await;
    let made = fixture.make(json!({"name": "laptop"})).await;
    let wrong = made_up(&fixture.user, &made.id);
    let token = fixture.token_of(&fixture.user);
    let send = async |headers: &[(&str, &str)]| {
        let event = headers
            .iter()
            .fold(protected("GET"), |event, (name, value)| event.header(name, value));
        call(&fixture.protected, event).await
    };
    let bearer = |text: &str| format!("Bearer {text}");
    for (name, right, value) in [
        ("authorization", true, bearer(&made.text)),
        ("authorization", true, bearer(&token)),
        ("x-api-key", true, made.text.clone()),
        ("x-api-key", true, format!(" {} ", made.text)),
        ("token", true, made.text.clone()),
        ("authorization", false, bearer(&wrong)),
        ("x-api-key", false, wrong.clone()),
        ("x-api-key", false, token.clone()),
        ("x-api-key", false, bearer(&made.text)),
        ("x-api-key", false, String::new()),
        ("x-api-key", false, "ü".to_owned()),
        ("token", false, wrong.clone()),
        ("token", false, token.clone()),
        ("token", false, String::new()),
        ("token", false, format!("{0},{0}", made.text)),
        ("x-api-key", false, format!("{0},{0}", made.text)),
    ] {
        let answer = send(&[(name, &value)]).await;
        let expected = match (right, name) {
            (true, _) => (200, Value::Null),
            (false, "token") => (403, json!("Forbidden")),
            (false, _) => (401, json!("Could not validate credentials")),
        };
        assert_eq!(
            (answer.status, answer.body["detail"].clone()),
            expected,
            "{name}: {value}"
        );
        if answer.status == 403 {
            assert_eq!(answer.header("www-authenticate"), "");
            assert_eq!(answer.body["error"], Value::Null);
        }
    }
    let none = send(&[]).await;
    assert_eq!(
        (none.status, &none.body["detail"]),
        (401, &json!("Not authenticated"))
    );
    let (key, authorized) = (&*made.text, &*bearer(&made.text));
    for headers in [
        &[("authorization", authorized), ("x-api-key", key)][..],
        &[("authorization", authorized), ("token", key)],
        &[("authorization", "Basic Og=="), ("x-api-key", key)],
        &[("x-api-key", key), ("token", key)],
    ] {
        let answer = send(headers).await;
        assert_eq!(answer.status, 400, "{headers:?}");
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer realm=\"latchkey\", error=\"invalid_request\""
        );
    }
}

#[tokio::test]
async fn a_key_has_those_of_its_scopes_that_its_owner_still_has() {
    let fixture = Fixture::new().await;
    let body = json!({"name": "laptop", "scopes": ["links:write", "links:read"]});
    let refused = fixture.send(create(&body)).await;
    assert_eq!(
        (refused.status, &refused.body["errors"][0]["field"]),
        (422, &json!("scopes")),
        "{refused:?}"
    );
    fixture.grant(&["links:read", "links:write", "other"]).await;
    let (scoped, plain) = (
        fixture.make(body).await,
        fixture.make(json!({"name": "plain"})).await,
    );
    let scope = async |key: &Made| fixture.use_key(&key.text).await.body["scope"].clone();
    let write = async |key: &Made| call(&fixture.protected, protected("POST").bearer(&key.text)).await;
    assert_eq!(scope(&scoped).await, "links:read links:write");
    assert_eq!(scope(&plain).await, Value::Null);
    assert_eq!(write(&scoped).await.status, 200);
    let users = fixture.deployment.users().await;
    let (user, lost) = (
        UserId::known(fixture.user.clone()),
        Scopes::of(["links:write"]).unwrap(),
    );
    assert!(users.revoke(&user, &lost).await.unwrap());
    assert_eq!(scope(&scoped).await, "links:read");
    for key in [&scoped, &plain] {
        let answer = write(key).await;
        assert_eq!(answer.status, 403);
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer realm=\"latchkey\", error=\"insufficient_scope\", scope=\"links:write\""
        );
    }
    let listed = fixture.listed().await;
    let shown = listed.iter().find(|key| key["id"] == json!(scoped.id)).unwrap();
    assert_eq!(shown["scopes"], json!(["links:read", "links:write"]));
    fixture.grant(&["links:write"]).await;
    assert_eq!(write(&scoped).await.status, 200);
}

#[tokio::test]
async fn b_04_a_token_without_the_scope_is_a_403_that_names_it() {
    let fixture = Fixture::new().await;
    fixture.grant(&["links:read", "links:write"]).await;
    let send = async |scope: Value| {
        let token = fixture.token_with(|claims| claims["scope"] = scope);
        call(&fixture.protected, protected("POST").bearer(&token)).await
    };
    let both = json!("links:read links:write");
    for scope in [
        Value::Null,
        json!(""),
        json!("links:read"),
        json!("links:write:all LINKS:WRITE"),
    ] {
        let answer = send(scope.clone()).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (403, &json!("insufficient_scope")),
            "{scope}"
        );
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer realm=\"latchkey\", error=\"insufficient_scope\", scope=\"links:write\""
        );
    }
    assert_eq!(send(both.clone()).await.status, 200);
    let users = fixture.deployment.users().await;
    let user = UserId::known(fixture.user.clone());
    assert!(
        users
            .revoke(&user, &Scopes::of(["links:write"]).unwrap())
            .await
            .unwrap()
    );
    assert_eq!(send(both).await.status, 403, "it was revoked since");
}

#[tokio::test]
async fn a_key_that_a_registered_client_makes_has_no_scope_that_its_token_lacks() {
    let fixture = Fixture::new().await;
    fixture.grant(&["links:read", "links:write"]).await;
    let make = async |scopes: Value| {
        let token = fixture.token_with(|claims| {
            claims["client_id"] = json!(UNKNOWN);
            claims["scope"] = json!("links:read");
        });
        let event = create(&json!({"name": "x", "scopes": scopes}));
        call(&fixture.api_keys, event.bearer(&token)).await
    };
    assert_eq!(make(json!(["links:read"])).await.status, 201);
    let refused = make(json!(["links:read", "links:write"])).await;
    assert_eq!(
        (refused.status, &refused.body["errors"][0]["field"]),
        (422, &json!("scopes"))
    );
}

#[tokio::test]
async fn a_key_is_no_recent_authentication() {
    let fixture = Fixture::new().await;
    let made = fixture.make(json!({"name": "laptop"})).await;
    for (credential, status) in [(&made.text, 401), (&fixture.token_of(&fixture.user), 200)] {
        let answer = call(&fixture.protected, protected("DELETE").bearer(credential)).await;
        assert_eq!(answer.status, status, "{answer:?}");
        if status == 401 {
            assert_eq!(answer.body["error"], "insufficient_user_authentication");
        }
    }
}

#[tokio::test]
async fn an_unavailable_store_is_a_503_for_a_key_in_any_header() {
    let fixture = Fixture::new().await;
    let made = fixture.make(json!({"name": "laptop"})).await;
    fixture.proxy.always_for("BatchGetItem", Fault::HangUpBefore);
    for header in ["x-api-key", "token"] {
        let event = protected("GET").header(header, &made.text);
        assert_eq!(call(&fixture.protected, event).await.status, 503, "{header}");
    }
}
