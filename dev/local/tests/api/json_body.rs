//! What `POST /register` accepts as a JSON body.

use serde_json::json;

use crate::running::{PASSWORD, Response, Running};

#[tokio::test]
async fn what_is_not_one_json_object_is_malformed() {
    let service = Running::start().await;
    for body in [
        &b""[..],
        b"{",
        b"[]",
        b"null",
        b"\"x\"",
        b"{} {}",
        b"{\"username\":\"a\",\"username\":\"a\",\"password\":\"correct horse battery\"}",
        b"{\"username\":\"\\ud800\"}",
        b"\xef\xbb\xbf{}",
        b"username=a",
    ] {
        is_malformed(&service, body).await;
    }
}

#[tokio::test]
async fn json_that_is_no_utf_8_is_malformed() {
    let service = Running::start().await;
    is_malformed(&service, b"{\"username\":\"a\xff\"}").await;
}

#[tokio::test]
async fn malformed_json_names_line_and_column_and_no_value() {
    let service = Running::start().await;
    for (body, place) in [
        (
            "{\n  \"username\": \"johndoe\",\n  \"password\" \"hunter2\"\n}",
            "line 3, column 14",
        ),
        ("{\"password\": \"hunter2", "line 1, column 21"),
        ("hunter2", "line 1, column 1"),
    ] {
        let request = service
            .request("POST", "/register")
            .header("content-type", "application/json")
            .body(body);
        let response = Response::of(request).await;
        response.is_problem(400, &format!("The body is not valid JSON at {place}"));
        assert!(!response.body.to_string().contains("hunter2"));
    }
}

async fn is_malformed(service: &Running, body: &[u8]) {
    let request = service
        .request("POST", "/register")
        .header("content-type", "application/json")
        .body(body.to_vec());
    let response = Response::of(request).await;
    response.is_problem(400, response.body["detail"].as_str().unwrap());
    assert!(response.body.get("errors").is_none());
}

#[tokio::test]
async fn only_json_is_accepted() {
    let service = Running::start().await;
    let body = json!({"username": "johndoe", "password": PASSWORD}).to_string();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/problem+json",
        "nonsense",
    ] {
        let request = service
            .request("POST", "/register")
            .header("content-type", content_type)
            .body(body.clone());
        Response::of(request)
            .await
            .is_problem(415, "Content-Type must be application/json");
    }
    let untyped = service.request("POST", "/register").body(body.clone());
    Response::of(untyped)
        .await
        .is_problem(415, "Content-Type must be application/json");
    let encoded = service
        .request("POST", "/register")
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(body.clone());
    Response::of(encoded)
        .await
        .is_problem(415, "Content-Encoding must not be used");
    let charset = service
        .request("POST", "/register")
        .header("content-type", "Application/JSON; charset=utf-8")
        .body(body);
    assert_eq!(Response::of(charset).await.status, 201);
}

#[tokio::test]
async fn a_body_over_16_kib_is_rejected_before_its_type() {
    let service = Running::start().await;
    let request = service
        .request("POST", "/register")
        .header("content-type", "text/plain")
        .body("x".repeat(16_385));
    Response::of(request)
        .await
        .is_problem(413, "The body must have at most 16384 bytes");
    let largest = format!(
        "{{\"username\":\"a\",\"padding\":\"{}\"}}",
        "x".repeat(16_384 - 29)
    );
    assert_eq!(largest.len(), 16_384);
    let request = service
        .request("POST", "/register")
        .header("content-type", "application/json")
        .body(largest);
    assert_eq!(Response::of(request).await.status, 422);
}
