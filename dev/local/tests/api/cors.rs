use serde_json::json;

use crate::running::{Answer, PASSWORD, Running};

const ORIGIN: &str = "https://app.example.com";

async fn allowing() -> Running {
    Running::start_with(&[(
        "ALLOWED_ORIGINS",
        "https://other.example.com, https://app.example.com",
    )])
    .await
}

fn preflight(service: &Running, origin: &str) -> reqwest::RequestBuilder {
    service
        .request("OPTIONS", "/token")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
}

fn is_without_cors(answer: &Answer) {
    for name in answer.headers.keys() {
        assert!(!name.as_str().starts_with("access-control-"), "{answer:?}");
    }
}

#[tokio::test]
async fn while_no_origin_is_allowed_options_is_an_unknown_route() {
    let service = Running::start().await;
    let answer = Answer::of(preflight(&service, ORIGIN)).await;
    assert_eq!(
        (answer.status, &answer.body),
        (404, &json!({"message": "Not Found"}))
    );
    is_without_cors(&answer);
    let answer = Answer::of(service.request("GET", "/users/me").header("origin", ORIGIN)).await;
    is_without_cors(&answer);
}

#[tokio::test]
async fn an_allowed_origin_is_told_what_it_may_send_and_read() {
    let service = allowing().await;
    let answer = Answer::of(preflight(&service, ORIGIN)).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(
        answer.header("access-control-allow-headers"),
        "authorization,content-type"
    );
    assert!(answer.header("access-control-allow-methods").contains("POST"));
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    service.user("johndoe").await;
    let form = service
        .request("POST", "/token")
        .header("origin", ORIGIN)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!(
            "username=johndoe&password={}",
            PASSWORD.replace(' ', "+")
        ));
    let answer = Answer::of(form).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "www-authenticate,x-amzn-remapped-www-authenticate,retry-after,location"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn another_origin_gets_no_cors_header() {
    let service = allowing().await;
    for origin in [
        "https://evil.example.com",
        "https://app.example.com.evil.example",
        "null",
    ] {
        let answer = Answer::of(preflight(&service, origin)).await;
        assert_eq!(answer.status, 204, "the gateway answers OPTIONS by itself");
        is_without_cors(&answer);
        let answer = Answer::of(service.request("GET", "/users/me").header("origin", origin)).await;
        assert_eq!(answer.status, 401);
        is_without_cors(&answer);
    }
    is_without_cors(&Answer::of(service.request("GET", "/users/me")).await);
}
