//! What a client sees when the store is unavailable or holds what cannot be read.

use reqwest::Method;
use serde_json::json;
use testing::fault_proxy::Fault;

use crate::running::{PASSWORD, Response, Running};

fn may_be_tried_again(response: &Response) {
    assert!(
        response.header("retry-after").parse::<u32>().unwrap() > 0,
        "{response:?}"
    );
}

#[tokio::test]
async fn an_unavailable_store_is_a_503_with_retry_after_on_every_route() {
    let (service, proxy) = Running::start_behind_proxy().await;
    let id = service.user("johndoe").await;
    let token = service.forger(&id).token(|_, _| {});
    let begun = service.log_in("johndoe", PASSWORD).await.body;
    let (access, refresh) = (&begun["access_token"], begun["refresh_token"].as_str().unwrap());
    let bearer = format!("Bearer {}", access.as_str().unwrap());
    proxy.always(Fault::Status500);
    let response = service.log_in("johndoe", PASSWORD).await;
    response.is_oauth(503, "temporarily_unavailable");
    may_be_tried_again(&response);
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    let response = service.form(&form).await;
    response.is_oauth(503, "temporarily_unavailable");
    may_be_tried_again(&response);
    for (method, path) in [
        (Method::POST, "/revoke"),
        (Method::GET, "/sessions"),
        (Method::DELETE, "/sessions"),
        (Method::GET, "/api-keys"),
        (Method::POST, "/api-keys"),
        (Method::DELETE, "/api-keys/x"),
        (Method::DELETE, "/users/me"),
    ] {
        let request = service.client.request(method, format!("{}{path}", service.url));
        let request = request
            .header("authorization", &bearer)
            .form(&[("token", refresh)]);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 503, "{path}");
        assert!(response.headers().contains_key("retry-after"), "{path}");
    }
    let response = service
        .register(json!({"username": "other", "password": PASSWORD}))
        .await;
    response.is_problem(503, "Temporarily unavailable");
    may_be_tried_again(&response);
    let response = service.me(&format!("Bearer {token}")).await;
    response.is_problem(503, "Temporarily unavailable");
    may_be_tried_again(&response);
    // A request that needs no store gets its usual response.
    service
        .form("grant_type=nothing")
        .await
        .is_oauth(400, "unsupported_grant_type");
    assert_eq!(service.register(json!({})).await.status, 422);
    assert_eq!(service.me("Bearer x.y.z").await.status, 401);
    proxy.pass();
    assert_eq!(service.me(&format!("Bearer {token}")).await.status, 200);
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_a_500_without_inner_detail() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    let token = service.forger(&id).token(|_, _| {});
    service
        .table
        .set(&id, "disabled", json!({"S": "once upon a time"}))
        .await;
    service
        .log_in("johndoe", PASSWORD)
        .await
        .is_oauth(500, "server_error");
    let response = service.me(&format!("Bearer {token}")).await;
    response.is_problem(500, "Internal server error");
    assert!(!response.body.to_string().contains("disabled"));
}

#[tokio::test]
async fn a_name_that_was_stored_under_other_rules_is_shown_and_logs_in() {
    let service = Running::start().await;
    for (old, spelling, folded) in [
        ("..", "..", "username#.."),
        (
            "J\u{43e}hn Doe!",
            "j\u{41e}HN d\u{ad}oe!",
            "username#j\u{43e}hn doe!",
        ),
        (
            "\u{fb01}nn@example.com",
            "FINN@EXAMPLE.COM",
            "email#finn@example.com",
        ),
    ] {
        let id = service.user("johndoe").await;
        let marker = json!({"pk": {"S": folded}, "sk": {"S": "name"}, "user_id": {"S": id}});
        service.table.put(marker).await;
        for field in ["username", "email", "full_name", "website"] {
            service.table.set(&id, field, json!({"S": old})).await;
        }
        for name in [old, spelling] {
            let response = service.log_in(name, PASSWORD).await;
            assert_eq!(response.status, 200, "{name}: {response:?}");
            let token = response.body["access_token"].as_str().unwrap();
            let shown = service.me(&format!("Bearer {token}")).await;
            assert_eq!((shown.status, &shown.body["username"]), (200, &json!(old)));
            assert_eq!(shown.body["website"], old);
        }
        service.table.delete("username#johndoe", "name").await;
    }
}
