//! As much of Lambda's Runtime API as a function's binary needs to respond to some events.

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
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::{Mutex, mpsc};

/// How long an invocation may last.
const LIMIT_SECONDS: i64 = 10;

/// What a function did.
#[derive(Debug)]
pub struct Run {
    /// The time from the start to the first response.
    pub first: Duration,
    /// The responses, in the order of the events.
    pub responses: Vec<Value>,
    /// Standard output and standard error.
    pub output: String,
}

impl Run {
    /// Returns the status of each response.
    pub fn statuses(&self) -> Vec<&Value> {
        let responses = self.responses.iter();
        responses.map(|response| &response["statusCode"]).collect()
    }
}

struct Server {
    events: Mutex<mpsc::Receiver<String>>,
    /// What the function posted: the call, such as `invocation/1/response`, and the body.
    posted: mpsc::Sender<(String, String)>,
}

/// Starts `binary` with the variables that Lambda sets, those of `variables`, and no others, and sends it events one after the
/// other.
///
/// # Panics
///
/// If it exits, fails an invocation or does not respond.
pub async fn run(binary: &Path, variables: &BTreeMap<String, String>, events: &[Value]) -> Run {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (send, received) = mpsc::channel(1);
    let (posted, mut posts) = mpsc::channel(1);
    let router = Router::new()
        .route("/2018-06-01/runtime/{*call}", get(next).post(post))
        .with_state(Arc::new(Server {
            events: Mutex::new(received),
            posted,
        }));
    let server = tokio::spawn(axum::serve(listener, router).into_future());
    let limit = Duration::from_secs(LIMIT_SECONDS.unsigned_abs());
    let output = NamedTempFile::new().unwrap();
    let started = Instant::now();
    let mut function = Command::new(binary)
        .env_clear()
        .env("AWS_LAMBDA_FUNCTION_NAME", binary.file_stem().unwrap())
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(output.as_file().try_clone().unwrap())
        .stderr(output.as_file().try_clone().unwrap())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (mut first, mut responses) = (None, Vec::new());
    for event in events {
        send.send(event.to_string()).await.unwrap();
        let (call, body) = tokio::select! {
            post = posts.recv() => post.unwrap(),
            exited = function.wait() => panic!("{}: {}", binary.display(), exited.unwrap()),
            () = tokio::time::sleep(limit) => panic!("{}: no response", binary.display()),
        };
        first.get_or_insert_with(|| started.elapsed());
        assert!(call.ends_with("/response"), "{call}: {body}");
        responses.push(serde_json::from_str(&body).unwrap());
    }
    // The function first: without a server it would report an error.
    function.kill().await.unwrap();
    server.abort();
    Run {
        first: first.unwrap(),
        responses,
        output: std::fs::read_to_string(output.path()).unwrap(),
    }
}

async fn next(State(server): State<Arc<Server>>) -> impl IntoResponse {
    // Waits for ever after the last event.
    let event = server.events.lock().await.recv().await.unwrap_or_default();
    let now = shared::clock::Clock::system().now().unix();
    let deadline = (now + LIMIT_SECONDS) * 1000;
    let headers = [
        ("lambda-runtime-aws-request-id", "1".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:function".to_owned(),
        ),
    ];
    (headers, event)
}

async fn post(State(server): State<Arc<Server>>, Call(call): Call<String>, body: String) -> StatusCode {
    let _sent = server.posted.send((call, body)).await;
    StatusCode::ACCEPTED
}

/// Checks that each line is one that Lambda can filter by its level, and that none holds a secret.
///
/// # Panics
///
/// If one does.
pub fn check_lines(output: &str, secrets: &[&str]) {
    for line in output.lines() {
        let parsed: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        let time = parsed["timestamp"]
            .as_str()
            .and_then(shared::clock::Timestamp::parse);
        assert!(time.is_some() && parsed["level"].is_string(), "{line}");
    }
    for secret in secrets {
        assert!(!output.contains(secret), "{secret} in {output}");
    }
}
