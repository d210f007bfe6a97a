use serde_json::json;

use crate::running::{PASSWORD, Response, Running};

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

fn is_without_cors(response: &Response) {
    for name in response.headers.keys() {
        assert!(!name.as_str().starts_with("access-control-"), "{response:?}");
    }
}

#[tokio::test]
async fn while_no_origin_is_allowed_options_is_an_unknown_route() {
    let service = Running::start().await;
    let response = Response::of(preflight(&service, ORIGIN)).await;
    assert_eq!(
        (response.status, &response.body),
        (404, &json!({"message": "Not Found"}))
    );
    is_without_cors(&response);
    let response = Response::of(service.request("GET", "/users/me").header("origin", ORIGIN)).await;
    is_without_cors(&response);
}

#[tokio::test]
async fn an_allowed_origin_learns_what_it_may_send_and_read() {
    let service = allowing().await;
    let response = Response::of(preflight(&service, ORIGIN)).await;
    assert_eq!(response.status, 204);
    assert_eq!(response.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(
        response.header("access-control-allow-headers"),
        "authorization,content-type"
    );
    assert!(response.header("access-control-allow-methods").contains("POST"));
    assert_eq!(response.header("access-control-allow-credentials"), "");
    service.user("johndoe").await;
    let form = service
        .request("POST", "/token")
        .header("origin", ORIGIN)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!(
            "username=johndoe&password={}",
            PASSWORD.replace(' ', "+")
        ));
    let response = Response::of(form).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(
        response.header("access-control-expose-headers"),
        "www-authenticate,x-amzn-remapped-www-authenticate,retry-after,location,apigw-requestid"
    );
    assert_eq!(response.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn another_origin_gets_no_cors_header() {
    let service = allowing().await;
    for origin in [
        "https://evil.example.com",
        "https://app.example.com.evil.example",
        "null",
    ] {
        let response = Response::of(preflight(&service, origin)).await;
        assert_eq!(response.status, 204, "the gateway responses OPTIONS by itself");
        is_without_cors(&response);
        let response = Response::of(service.request("GET", "/users/me").header("origin", origin)).await;
        assert_eq!(response.status, 401);
        is_without_cors(&response);
    }
    is_without_cors(&Response::of(service.request("GET", "/users/me")).await);
}
