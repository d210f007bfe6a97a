use std::time::Duration;

use local::Limits;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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
        ("PUT", "/users/me"),
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
    let unknown = service.request("GET", "/unknown").header("a", "x".repeat(10_240));
    is_the_gateways(
        &Response::of(unknown).await,
        431,
        "Request Header Fields Too Large",
    );
    let many = (0..1_000).fold(service.request("GET", "/users/me"), |request, index| {
        request.header(format!("a{index}"), "")
    });
    assert_eq!(Response::of(many).await.status, 401);
}

#[tokio::test]
async fn no_response_names_the_methods_of_a_path() {
    let service = Running::start_with(&[("ALLOWED_ORIGINS", "https://app.example.com")]).await;
    for (method, path) in [("GET", "/token"), ("POST", "/users/me"), ("OPTIONS", "/token")] {
        let response = Response::of(service.request(method, path)).await;
        assert_eq!(response.header("allow"), "", "{method} {path}");
    }
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
async fn head_without_a_route_of_its_own_is_an_unknown_route() {
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

#[tokio::test]
async fn a_path_that_is_no_utf_8_is_an_unknown_route() {
    let service = Running::start().await;
    for (method, path) in [
        ("GET", "/users/me/%ff"),
        ("GET", "/docs/%ff"),
        ("POST", "/token/%c3"),
        ("GET", "/%ff"),
    ] {
        let response = Response::of(service.request(method, path)).await;
        assert_eq!(
            (response.status, &response.body),
            (404, &json!({"message": "Not Found"})),
            "{path}"
        );
        assert_eq!(response.header("content-type"), "application/json");
    }
}

/// Sends bytes to a service that waits for 100 ms, and returns the response, empty where it closes the connection.
async fn sent_too_slowly(bytes: &str) -> String {
    let limit = Duration::from_millis(100);
    let service = Running::start_within(Limits {
        headers: limit,
        body: limit,
        ..Limits::default()
    })
    .await;
    let mut stream = TcpStream::connect(service.url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut response = String::new();
    let closed = tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut response)).await;
    closed.unwrap().unwrap();
    response
}

#[tokio::test]
async fn a_half_sent_request_and_an_idle_connection_are_closed() {
    for bytes in ["", "G", "GET /docs HTTP/1.1\r\nhost: a\r\nx-"] {
        assert_eq!(sent_too_slowly(bytes).await, "", "{bytes}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_a_408_of_the_gateway() {
    let request =
        "POST /register HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    let response = sent_too_slowly(request).await;
    assert!(
        response.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
        "{response}"
    );
    assert!(
        response.ends_with("{\"message\":\"Request Timeout\"}"),
        "{response}"
    );
}

#[tokio::test]
async fn over_http_no_response_asks_for_https() {
    let service = Running::start_with(&[]).await;
    for path in ["/openapi.json", "/users/me", "/.well-known/jwks.json"] {
        let response = Response::of(service.request("GET", path).header("x-forwarded-proto", "https")).await;
        assert_eq!(response.header("x-content-type-options"), "nosniff");
        assert_eq!(response.header("strict-transport-security"), "", "{path}");
    }
}
