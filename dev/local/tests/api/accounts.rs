//! `PATCH /users/me`, `PUT /users/me/password` and `DELETE /users/me`.

use serde_json::{Value, json};

use crate::running::{PASSWORD, Response, Running};

const NEW_PASSWORD: &str = "battery horse correct";

pub(crate) async fn change(service: &Running, token: &str, body: &Value) -> Response {
    Response::of(
        service
            .request("PATCH", "/users/me")
            .bearer_auth(token)
            .json(body),
    )
    .await
}

async fn change_password(service: &Running, token: &str, body: &Value) -> Response {
    let request = service.request("PUT", "/users/me/password");
    Response::of(request.bearer_auth(token).json(body)).await
}

pub(crate) async fn delete(service: &Running, token: &str) -> Response {
    Response::of(service.request("DELETE", "/users/me").bearer_auth(token)).await
}

async fn me(service: &Running, token: &str) -> Response {
    service.me(&format!("Bearer {token}")).await
}

/// Logs in and returns the access token.
async fn logged_in(service: &Running, username: &str, password: &str) -> String {
    let response = service.log_in(username, password).await;
    response.body["access_token"].as_str().unwrap().to_owned()
}

fn is_insufficient(response: &Response) {
    response.is_problem(401, "More recent authentication is required");
    assert_eq!(response.body["error"], "insufficient_user_authentication");
    assert_eq!(
        response.header("www-authenticate"),
        "Bearer realm=\"latchkey\", error=\"insufficient_user_authentication\", \
         error_description=\"More recent authentication is required\", max_age=\"300\""
    );
}

#[tokio::test]
async fn a_change_is_shown_and_its_names_are_the_only_markers() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    let user = me(&service, &token).await.body;
    let id = format!("user#{}", user["id"].as_str().unwrap());
    service
        .table
        .set(
            &id["user#".len()..],
            "updated_at",
            json!({"S": "2026-01-01T00:00:00Z"}),
        )
        .await;
    let mut expected = me(&service, &token).await.body;
    for (patch, markers) in [
        (json!({}), vec!["username#johndoe"]),
        (
            json!({"username": "johndoe", "email": null}),
            vec!["username#johndoe"],
        ),
        (
            json!({"full_name": "John", "website": "https://example.com"}),
            vec!["username#johndoe"],
        ),
        (json!({"full_name": null}), vec!["username#johndoe"]),
        (json!({"username": "JOHNDOE"}), vec!["username#johndoe"]),
        (
            json!({"email": "j@Straße.example"}),
            vec!["email#j@xn--strae-oqa.example", "username#johndoe"],
        ),
        (
            json!({"email": "J@xn--strae-oqa.example", "username": null}),
            vec!["email#j@xn--strae-oqa.example"],
        ),
        (
            json!({"email": null, "username": "jane", "website": null}),
            vec!["username#jane"],
        ),
    ] {
        let response = change(&service, &token, &patch).await;
        assert_eq!(response.status, 200, "{patch}: {response:?}");
        response.has_common_headers();
        let is_changed = patch
            .as_object()
            .unwrap()
            .iter()
            .any(|(field, value)| expected[field] != *value);
        for (field, value) in patch.as_object().unwrap() {
            expected[field] = value.clone();
        }
        if is_changed {
            assert_ne!(response.body["updated_at"], "2026-01-01T00:00:00Z", "{patch}");
            expected["updated_at"] = response.body["updated_at"].clone();
        }
        assert_eq!(response.body, expected, "{patch}");
        assert_eq!(me(&service, &token).await.body, expected, "{patch}");
        let mut keys: Vec<String> = markers.into_iter().map(str::to_owned).collect();
        keys.push(id.clone());
        keys.sort();
        assert_eq!(service.table.partition_keys_but_mails().await, keys, "{patch}");
    }
    assert_eq!(service.log_in("Jane", PASSWORD).await.status, 200);
    service.user("johndoe").await;
}

#[tokio::test]
async fn a_change_that_breaks_rules_names_all_of_them_and_changes_nothing() {
    let service = Running::start().await;
    service.user("taken").await;
    let token = service.token("johndoe").await;
    let before = me(&service, &token).await.body;
    for (patch, errors) in [
        (json!({"username": null}), vec![("username", "required")]),
        (
            json!({"username": null, "email": null}),
            vec![("username", "required")],
        ),
        (
            json!({"username": null, "email": "nowhere"}),
            vec![("email", "invalid")],
        ),
        (
            json!({"password": null, "id": null}),
            vec![("id", "unknown"), ("password", "unknown")],
        ),
        (
            json!({"username": "a b", "email": 1, "full_name": "", "website": "x", "nickname": "x"}),
            vec![
                ("username", "invalid"),
                ("email", "type"),
                ("full_name", "too_short"),
                ("website", "invalid"),
                ("nickname", "unknown"),
            ],
        ),
    ] {
        let response = change(&service, &token, &patch).await;
        assert_eq!((response.status, response.errors()), (422, errors), "{patch}");
    }
    service
        .register(json!({"email": "taken@example.com", "password": PASSWORD}))
        .await;
    let both = json!({"username": "TAKEN", "email": "taken@example.com", "full_name": "X"});
    let response = change(&service, &token, &both).await;
    response.is_problem(409, "Username already taken");
    assert_eq!(response.errors(), [("username", "taken")]);
    assert_eq!(me(&service, &token).await.body, before);
}

#[tokio::test]
async fn a_length_comes_before_the_token_and_the_token_before_all_else() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    service.user("taken").await;
    let old = service
        .forger(&id)
        .token(|_, claims| claims["auth_time"] = json!(claims["iat"].as_i64().unwrap() - 310));
    for (method, path) in [("PATCH", "/users/me"), ("PUT", "/users/me/password")] {
        let request = |body: &str, token: &str| {
            service
                .request(method, path)
                .header("authorization", token)
                .body(body.to_owned())
        };
        let bearer = format!("Bearer {old}");
        for (body, token, content_type, status) in [
            ("x".repeat(16_385), "Bearer x", "text/plain", 413),
            ("x".to_owned(), "Bearer x", "text/plain", 401),
            ("x".to_owned(), &bearer, "text/plain", 415),
            ("x".to_owned(), &bearer, "application/json", 400),
            (
                "{\"username\":1,\"current_password\":1}".to_owned(),
                &bearer,
                "application/json",
                422,
            ),
        ] {
            let request = request(&body, token).header("content-type", content_type);
            let response = Response::of(request).await;
            assert_eq!(response.status, status, "{method} {content_type}: {response:?}");
        }
    }
    is_insufficient(&change(&service, &old, &json!({"username": "taken"})).await);
    let patch = service
        .request("PATCH", "/users/me")
        .bearer_auth(&old)
        .header("content-type", "application/merge-patch+json; charset=utf-8")
        .body("{\"full_name\":\"John\"}");
    assert_eq!(Response::of(patch).await.status, 200);
    let put = service
        .request("PUT", "/users/me/password")
        .bearer_auth(&old)
        .header("content-type", "application/merge-patch+json")
        .body("{}");
    assert_eq!(Response::of(put).await.status, 415);
}

#[tokio::test]
async fn n_13_a_change_of_names_and_a_deletion_need_recent_authentication() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    let of_age = |seconds: i64| {
        let forger = service.forger(&id);
        forger.token(|_, claims| claims["auth_time"] = json!(claims["iat"].as_i64().unwrap() - seconds))
    };
    for age in [310, -70] {
        let token = of_age(age);
        for names in [
            json!({"username": "jane"}),
            json!({"username": "JOHNDOE"}),
            json!({"email": "j@example.com", "full_name": "X"}),
        ] {
            is_insufficient(&change(&service, &token, &names).await);
        }
        is_insufficient(&delete(&service, &token).await);
        let unchanged = json!({"username": "johndoe", "email": null, "website": "https://example.com"});
        assert_eq!(change(&service, &token, &unchanged).await.status, 200);
    }
    let shown = me(&service, &of_age(0)).await.body;
    assert_eq!(
        (&shown["username"], &shown["full_name"]),
        (&json!("johndoe"), &json!(null))
    );
    for (age, username) in [(290, "jane"), (-50, "joan")] {
        let response = change(&service, &of_age(age), &json!({"username": username})).await;
        assert_eq!(response.status, 200, "{response:?}");
    }
    assert_eq!(delete(&service, &of_age(290)).await.status, 204);
}

#[tokio::test]
async fn n_09_a_new_password_needs_the_current_one_and_ends_other_sessions() {
    let service = Running::start().await;
    let own = service.token("johndoe").await;
    let before = me(&service, &own).await.body;
    let mut current = PASSWORD;
    for (new, end_others, status) in [(NEW_PASSWORD, json!(false), 200), (PASSWORD, json!(null), 401)] {
        let other = service.log_in("johndoe", current).await.body;
        let refresh = other["refresh_token"].as_str().unwrap();
        let access = other["access_token"].as_str().unwrap();
        let wrong = json!({"current_password": new, "new_password": "a wholly other one"});
        let response = change_password(&service, &own, &wrong).await;
        response.is_problem(422, "The field current_password is not valid");
        assert_eq!(response.errors(), [("current_password", "invalid")]);
        let body =
            json!({"current_password": current, "new_password": new, "end_other_sessions": end_others});
        let response = change_password(&service, &own, &body).await;
        assert_eq!(
            (response.status, &response.body),
            (204, &json!("")),
            "{response:?}"
        );
        response.has_common_headers();
        assert_eq!(service.log_in("johndoe", current).await.status, 401);
        assert_eq!(me(&service, access).await.status, status, "{end_others}");
        let refreshed = service
            .form(&format!("grant_type=refresh_token&refresh_token={refresh}"))
            .await;
        assert_eq!(
            refreshed.status,
            if status == 200 { 200 } else { 400 },
            "{end_others}"
        );
        assert_eq!(me(&service, &own).await.body, before);
        current = new;
    }
    logged_in(&service, "johndoe", current).await;
}

#[tokio::test]
async fn a_change_of_the_password_names_all_broken_rules_before_the_current_password() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    for (body, errors) in [
        (
            json!({}),
            vec![("current_password", "required"), ("new_password", "required")],
        ),
        (
            json!({"current_password": "wrong", "new_password": "short", "end_other_sessions": "yes", "x": 1}),
            vec![
                ("new_password", "too_short"),
                ("end_other_sessions", "type"),
                ("x", "unknown"),
            ],
        ),
        (
            json!({"current_password": PASSWORD, "new_password": "trustno1"}),
            vec![("new_password", "common")],
        ),
        (
            json!({"current_password": PASSWORD, "new_password": "eodnhoj-2026"}),
            vec![("new_password", "common")],
        ),
        (
            json!({"current_password": "x".repeat(1_025), "new_password": NEW_PASSWORD}),
            vec![("current_password", "invalid")],
        ),
    ] {
        let response = change_password(&service, &token, &body).await;
        assert_eq!((response.status, response.errors()), (422, errors), "{body}");
    }
    assert_eq!(service.log_in("johndoe", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_deleted_user_leaves_nothing_and_the_names_are_free() {
    let service = Running::start().await;
    let body = json!({"username": "johndoe", "email": "j@example.com", "password": PASSWORD});
    let id = service.register(body.clone()).await.body["id"].clone();
    let token = logged_in(&service, "johndoe", PASSWORD).await;
    let response = delete(&service, &token).await;
    assert_eq!(
        (response.status, &response.body),
        (204, &json!("")),
        "{response:?}"
    );
    response.has_common_headers();
    assert_eq!(service.table.partition_keys_but_mails().await, [""; 0]);
    let again = delete(&service, &token).await;
    again.is_problem(401, "Could not validate credentials");
    assert_eq!(again.body["error"], "invalid_token");
    assert_eq!(service.log_in("johndoe", PASSWORD).await.status, 401);
    let anew = service.register(body).await;
    assert_eq!(anew.status, 201, "{anew:?}");
    assert_ne!(anew.body["id"], id);
    assert_eq!(me(&service, &token).await.status, 401, "the id is not used again");
}

#[tokio::test(flavor = "multi_thread")]
async fn b_09_disabling_and_deleting_a_user_ends_the_sessions_at_once() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    let token = logged_in(&service, "johndoe", PASSWORD).await;
    for (disabled, status) in [(false, 200), (true, 400), (true, 400), (false, 401)] {
        service.set_disabled(&id, disabled).await;
        assert_eq!(me(&service, &token).await.status, status);
    }
    let again = logged_in(&service, "johndoe", PASSWORD).await;
    assert_eq!(me(&service, &again).await.status, 200);
    assert_eq!(delete(&service, &again).await.status, 204);
    assert_eq!(me(&service, &again).await.status, 401);
}
