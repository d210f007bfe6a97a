//! The four calls of the Lambda Runtime API (version 2018-06-01).

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;

use super::InvocationError;
use super::exchange::Exchange;

/// Lambda takes answers of 6 MiB.
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

const JSON: (axum::http::HeaderName, &str) = (CONTENT_TYPE, "application/json");

pub(super) async fn serve(listener: TcpListener, exchange: Arc<Exchange>) {
    let calls = Router::new()
        .route("/invocation/next", get(next))
        .route("/invocation/{request_id}/response", post(response))
        .route("/invocation/{request_id}/error", post(error))
        .route("/init/error", post(start_error));
    let router = Router::new()
        .nest("/2018-06-01/runtime", calls)
        .layer(DefaultBodyLimit::max(LARGEST_ANSWER))
        .with_state(exchange);
    // It ends only when its task is aborted.
    let _ended = axum::serve(listener, router).await;
}

async fn next(State(exchange): State<Arc<Exchange>>) -> Response {
    let Some(invocation) = exchange.next().await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let deadline = invocation
        .deadline
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.request_id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:under-test".to_owned(),
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0".to_owned(),
        ),
    ];
    ([JSON], headers, invocation.event).into_response()
}

async fn response(
    State(exchange): State<Arc<Exchange>>,
    Path(request_id): Path<String>,
    body: Bytes,
) -> Response {
    let answer = serde_json::from_slice(&body).map_err(|_| InvocationError::NotJson {
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    accepted(exchange.answer(&request_id, answer))
}

async fn error(
    State(exchange): State<Arc<Exchange>>,
    Path(request_id): Path<String>,
    body: Bytes,
) -> Response {
    let report = serde_json::from_slice(&body).unwrap_or_default();
    accepted(exchange.answer(&request_id, Err(InvocationError::failed(&report))))
}

async fn start_error(State(exchange): State<Arc<Exchange>>, body: Bytes) -> Response {
    let report = serde_json::from_slice(&body).unwrap_or_default();
    exchange.start_failed(InvocationError::start(&report));
    accepted(true)
}

fn accepted(someone_waited: bool) -> Response {
    if someone_waited {
        (StatusCode::ACCEPTED, [JSON], r#"{"status":"OK"}"#).into_response()
    } else {
        let body = r#"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#;
        (StatusCode::BAD_REQUEST, [JSON], body).into_response()
    }
}
