//! `/api-keys` from outside. How keys are accepted elsewhere, the tests of the package `api-keys` show.

use serde_json::{Value, json};

use crate::running::{PASSWORD, Response, Running};

/// A ULID that no key has.
const UNKNOWN: &str = "01KAY2Z3M4N5P6Q7R8S9T0V1W2";

async fn send(service: &Running, method: &str, path: &str, token: &str) -> Response {
    Response::of(service.request(method, path).bearer_auth(token)).await
}

async fn create(service: &Running, token: &str, body: &Value) -> Response {
    let request = service.request("POST", "/api-keys").bearer_auth(token);
    Response::of(request.json(body)).await
}

/// Returns the ids of a token's keys, the newest first.
async fn ids(service: &Running, token: &str) -> Vec<String> {
    let response = send(service, "GET", "/api-keys", token).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.has_common_headers();
    let keys = response.body.as_array().unwrap().iter();
    keys.map(|key| key["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_user_makes_lists_and_ends_own_keys_and_no_one_elses() {
    let service = Running::start().await;
    let (john, jane) = (service.token("johndoe").await, service.token("janedoe").await);
    assert_eq!(ids(&service, &john).await, [""; 0]);
    let made = create(
        &service,
        &john,
        &json!({"name": "laptop", "scopes": null, "expires_in": null}),
    )
    .await;
    assert_eq!(made.status, 201, "{made:?}");
    made.has_common_headers();
    let members: Vec<&str> = made
        .body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = [
        "id",
        "name",
        "prefix",
        "scopes",
        "created_at",
        "expires_at",
        "last_used_at",
        "key",
    ];
    expected.sort_unstable();
    assert_eq!(members, expected);
    let (id, key) = (
        made.body["id"].as_str().unwrap(),
        made.body["key"].as_str().unwrap(),
    );
    assert!(key.starts_with(made.body["prefix"].as_str().unwrap()), "{made:?}");
    assert_eq!(
        (&made.body["scopes"], &made.body["expires_at"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(ids(&service, &john).await, [id]);
    assert_eq!(ids(&service, &jane).await, [""; 0]);
    let path = format!("/api-keys/{id}");
    for (token, path) in [
        (&jane, &*path),
        (&john, &format!("/api-keys/{UNKNOWN}")),
        (&john, "/api-keys/x"),
        (&john, "/api-keys/a%20b"),
    ] {
        let response = send(&service, "DELETE", path, token).await;
        response.is_problem(404, "No such API key");
    }
    let ended = send(&service, "DELETE", &path, &john).await;
    assert_eq!((ended.status, &ended.body), (204, &json!("")));
    assert_eq!(ids(&service, &john).await, [""; 0]);
    send(&service, "DELETE", &path, &john)
        .await
        .is_problem(404, "No such API key");
}

#[tokio::test]
async fn no_route_of_latchkeys_own_accepts_a_key() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    let made = create(&service, &token, &json!({"name": "laptop"})).await.body;
    let key = made["key"].as_str().unwrap();
    for (method, path) in [
        ("GET", "/users/me"),
        ("PATCH", "/users/me"),
        ("PUT", "/users/me/password"),
        ("DELETE", "/users/me"),
        ("GET", "/sessions"),
        ("DELETE", "/sessions"),
        ("GET", "/api-keys"),
        ("POST", "/api-keys"),
        ("DELETE", &format!("/api-keys/{}", made["id"].as_str().unwrap())),
    ] {
        let response = send(&service, method, path, key).await;
        response.is_problem(401, "Could not validate credentials");
        assert_eq!(response.body["error"], "invalid_token", "{method} {path}");
        for header in ["x-api-key", "token"] {
            let request = service.request(method, path).header(header, key);
            let response = Response::of(request).await;
            response.is_problem(401, "Could not validate credentials");
            assert_eq!(response.body["error"], "invalid_token", "{method} {path}");
        }
    }
    let revoked = Response::of(service.request("POST", "/revoke").form(&[("token", key)])).await;
    assert_eq!(revoked.status, 200);
    assert_eq!(
        ids(&service, &token).await.len(),
        1,
        "it is no token to be revoked"
    );
}

#[tokio::test]
async fn a_password_change_keeps_keys_and_an_ended_session_lists_none() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    let made = create(&service, &token, &json!({"name": "laptop"})).await;
    let other = service.log_in("johndoe", PASSWORD).await.body["access_token"].clone();
    let passwords = json!({"current_password": PASSWORD, "new_password": "battery horse correct"});
    let put = service.request("PUT", "/users/me/password").bearer_auth(&token);
    assert_eq!(Response::of(put.json(&passwords)).await.status, 204);
    assert_eq!(ids(&service, &token).await, [made.body["id"].as_str().unwrap()]);
    let response = send(&service, "GET", "/api-keys", other.as_str().unwrap()).await;
    response.is_problem(401, "Could not validate credentials");
}

#[tokio::test]
async fn a_body_is_judged_after_the_token_and_all_its_errors_are_named() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    let long = json!({"name": "x".repeat(16 * 1024)});
    assert_eq!(create(&service, "x.y.z", &long).await.status, 413);
    assert_eq!(create(&service, "x.y.z", &json!([])).await.status, 401);
    let post = || service.request("POST", "/api-keys").bearer_auth(&token);
    assert_eq!(Response::of(post().form(&[("name", "laptop")])).await.status, 415);
    assert_eq!(Response::of(post()).await.status, 400);
    assert_eq!(create(&service, &token, &json!([])).await.status, 400);
    for (body, errors) in [
        (json!({}), vec![("name", "required")]),
        (json!({"name": null, "scopes": null}), vec![("name", "required")]),
        (json!({"name": ""}), vec![("name", "too_short")]),
        (json!({"name": "x".repeat(101)}), vec![("name", "too_long")]),
        (json!({"name": "a\u{7}b"}), vec![("name", "invalid")]),
        (
            json!({"name": 1, "scopes": "links:read", "expires_in": "1"}),
            vec![("name", "type"), ("scopes", "type"), ("expires_in", "type")],
        ),
        (
            json!({"name": "x", "scopes": [1], "expires_in": 1.5}),
            vec![("scopes", "type"), ("expires_in", "type")],
        ),
        (
            json!({"name": "x", "scopes": ["a b"], "expires_in": 0}),
            vec![("scopes", "invalid"), ("expires_in", "invalid")],
        ),
        (
            json!({"name": "x", "scopes": ["not:granted"], "expires_in": -1}),
            vec![("scopes", "invalid"), ("expires_in", "invalid")],
        ),
        (
            json!({"name": "x", "expires_in": 4_294_967_296_u64, "key": "lk_"}),
            vec![("expires_in", "invalid"), ("key", "unknown")],
        ),
    ] {
        let response = create(&service, &token, &body).await;
        assert_eq!((response.status, response.errors()), (422, errors), "{body}");
    }
    assert_eq!(ids(&service, &token).await, [""; 0]);
    for name in ["x".to_owned(), "é".repeat(100)] {
        let body = json!({"name": name, "scopes": [], "expires_in": 4_294_967_295_u64});
        let made = create(&service, &token, &body).await;
        assert_eq!((made.status, &made.body["name"]), (201, &json!(name)));
    }
}
