//! As much of Lambda's Runtime API as one invocation needs.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path as Call, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::{Semaphore, mpsc};

/// How long an invocation may last.
const LIMIT_SECONDS: i64 = 10;

/// One event for one function.
struct Invocation {
    event: String,
    /// One permit: the event is handed out once, and later calls wait.
    unread: Semaphore,
    /// What the function posted: the call, such as `invocation/1/response`, and the body.
    posted: mpsc::Sender<(String, String)>,
}

/// Starts `binary` with the variables that Lambda sets, those of `variables`, and no others, and returns its response to `event`
/// with the time from the start to the response.
pub(crate) async fn first_response(
    binary: &Path,
    variables: &BTreeMap<String, String>,
    event: &Value,
) -> (Duration, Value) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (posted, mut posts) = mpsc::channel(1);
    let invocation = Arc::new(Invocation {
        event: event.to_string(),
        unread: Semaphore::new(1),
        posted,
    });
    let router = Router::new()
        .route("/2018-06-01/runtime/{*call}", get(next).post(post))
        .with_state(invocation);
    let server = tokio::spawn(axum::serve(listener, router).into_future());
    let limit = Duration::from_secs(LIMIT_SECONDS.unsigned_abs());
    let started = Instant::now();
    let mut function = Command::new(binary)
        .env_clear()
        .env("AWS_LAMBDA_FUNCTION_NAME", binary.file_stem().unwrap())
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (call, body) = tokio::select! {
        post = posts.recv() => post.unwrap(),
        exited = function.wait() => panic!("{}: {}", binary.display(), exited.unwrap()),
        () = tokio::time::sleep(limit) => panic!("{}: no response", binary.display()),
    };
    let elapsed = started.elapsed();
    // The function first: without a server it would report an error.
    function.kill().await.unwrap();
    server.abort();
    assert!(call.ends_with("/response"), "{call}: {body}");
    (elapsed, serde_json::from_str(&body).unwrap())
}

async fn next(State(invocation): State<Arc<Invocation>>) -> impl IntoResponse {
    invocation.unread.acquire().await.unwrap().forget();
    let now = shared::clock::Clock::system().now().unix();
    let deadline = (now + LIMIT_SECONDS) * 1000;
    let headers = [
        ("lambda-runtime-aws-request-id", "1".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:bench".to_owned(),
        ),
    ];
    (headers, invocation.event.clone())
}

async fn post(
    State(invocation): State<Arc<Invocation>>,
    Call(call): Call<String>,
    body: String,
) -> StatusCode {
    // Only the first post is received.
    let _sent = invocation.posted.send((call, body)).await;
    StatusCode::ACCEPTED
}
