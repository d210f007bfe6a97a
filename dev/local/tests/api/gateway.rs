use serde_json::json;

use crate::running::{Response, Running};

fn is_the_gateways(response: &Response, status: u16, message: &str) {
    assert_eq!(
        (response.status, &response.body),
        (status, &json!({ "message": message })),
        "{response:?}"
    );
    assert_eq!(response.header("content-type"), "application/json");
    for ours in ["x-content-type-options", "cache-control"] {
        assert_eq!(response.header(ours), "", "{ours} is ours");
    }
}

#[tokio::test]
async fn the_gateway_responds_to_an_unknown_route_or_method() {
    let service = Running::start().await;
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/register"),
        ("DELETE", "/users/me"),
        ("POST", "/users/me"),
        ("GET", "/users"),
        ("GET", "/token/"),
        ("POST", "/.well-known/jwks.json"),
    ] {
        is_the_gateways(
            &Response::of(service.request(method, path)).await,
            404,
            "Not Found",
        );
    }
}

#[tokio::test]
async fn a_slash_at_the_end_of_a_route_that_has_none_makes_it_an_unknown_one() {
    let service = Running::start().await;
    is_the_gateways(
        &Response::of(service.request("GET", "/openapi.json/")).await,
        404,
        "Not Found",
    );
}

#[tokio::test]
async fn t_01_options_reaches_no_handler() {
    let service = Running::start().await;
    is_the_gateways(
        &Response::of(service.request("OPTIONS", "/token")).await,
        404,
        "Not Found",
    );
}

#[tokio::test]
async fn the_gateway_rejects_more_than_10240_bytes_of_headers() {
    let service = Running::start().await;
    let with = async |length: usize| {
        Response::of(
            service
                .request("GET", "/users/me")
                .header("authorization", "x".repeat(length)),
        )
        .await
    };
    assert_eq!(with(10_000).await.status, 401);
    is_the_gateways(&with(10_240).await, 431, "Request Header Fields Too Large");
}

#[tokio::test]
async fn the_gateway_rejects_more_than_10_mib_of_body() {
    let service = Running::start().await;
    let request = service
        .request("POST", "/register")
        .body(vec![b'x'; 10 * 1024 * 1024 + 1]);
    is_the_gateways(&Response::of(request).await, 413, "Request Entity Too Large");
}

#[tokio::test]
async fn repeated_headers_reach_a_function_joined_by_a_comma() {
    let service = Running::start().await;
    let request = service
        .request("POST", "/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("a=b");
    Response::of(request).await.is_oauth(415, "invalid_request");
}

#[tokio::test]
async fn head_is_no_get() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    for path in ["/users/me", "/docs", "/openapi.json"] {
        let response = Response::of(service.request("HEAD", path).bearer_auth(&token)).await;
        assert_eq!(
            (response.status, response.header("cache-control")),
            (404, ""),
            "{path}"
        );
    }
}
