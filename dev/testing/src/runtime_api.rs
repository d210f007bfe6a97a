//! As much of Lambda's Runtime API as a function's binary needs to respond to some events.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path as Call, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use shared::events::METRICS;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// How long an invocation may last.
const LIMIT_SECONDS: i64 = 10;
/// The same under another command: Valgrind slows it down fiftyfold.
const SLOW_LIMIT_SECONDS: i64 = 60;

/// X-Ray's id of each invocation.
const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";
/// What each line of an invocation has.
const ALWAYS: [&str; 7] = [
    "timestamp",
    "level",
    "service",
    "message",
    "cold_start",
    "function_request_id",
    "xray_trace_id",
];
/// What each line of a request has besides.
const OF_REQUESTS: [&str; 2] = ["request_id", "network"];

/// What a function did.
#[derive(Debug)]
pub struct Run {
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
    limit: i64,
    events: Mutex<mpsc::Receiver<String>>,
    /// What the function posted: the call, such as `invocation/1/response`, and the body.
    posted: mpsc::Sender<(String, String)>,
}

/// A function's binary in an execution environment of its own. It is killed when this value is dropped.
#[derive(Debug)]
pub struct Environment {
    binary: PathBuf,
    function: Child,
    events: mpsc::Sender<String>,
    posts: mpsc::Receiver<(String, String)>,
    server: JoinHandle<io::Result<()>>,
    limit: i64,
    output: NamedTempFile,
    /// The time of the start, until the first event.
    started: Option<Instant>,
}

impl Environment {
    /// Starts `binary` with the variables that Lambda sets, those of `variables`, and no others; where `under` is not empty, as
    /// the last argument of that command.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub async fn start(under: &[&str], binary: &Path, variables: &BTreeMap<String, String>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (events, received) = mpsc::channel(1);
        let (posted, posts) = mpsc::channel(1);
        let limit = if under.is_empty() {
            LIMIT_SECONDS
        } else {
            SLOW_LIMIT_SECONDS
        };
        let router = Router::new()
            .route("/2018-06-01/runtime/{*call}", get(next).post(post))
            .with_state(Arc::new(Server {
                events: Mutex::new(received),
                posted,
                limit,
            }));
        let server = tokio::spawn(axum::serve(listener, router).into_future());
        let output = NamedTempFile::new().unwrap();
        let mut words = under.iter().map(OsStr::new).chain([binary.as_os_str()]);
        let started = Instant::now();
        let function = Command::new(words.next().unwrap())
            .args(words)
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
            .unwrap_or_else(|error| panic!("{under:?} {}: {error}", binary.display()));
        Self {
            binary: binary.to_owned(),
            function,
            events,
            posts,
            server,
            limit,
            output,
            started: Some(started),
        }
    }

    /// Sends an event. Returns the response, and the time since the event or, for the first one, since the start.
    ///
    /// # Panics
    ///
    /// If the function exits, fails the invocation or does not respond.
    pub async fn respond(&mut self, event: &Value) -> (Value, Duration) {
        let started = self.started.take().unwrap_or_else(Instant::now);
        self.events.send(event.to_string()).await.unwrap();
        let name = self.binary.display();
        let (call, body) = tokio::select! {
            post = self.posts.recv() => post.unwrap(),
            exited = self.function.wait() => panic!("{name}: {}", exited.unwrap()),
            () = tokio::time::sleep(Duration::from_secs(self.limit.unsigned_abs())) => panic!("{name}: no response"),
        };
        let duration = started.elapsed();
        assert!(call.ends_with("/response"), "{call}: {body}");
        (serde_json::from_str(&body).unwrap(), duration)
    }

    /// Returns the id of the process.
    pub fn process_id(&self) -> u32 {
        self.function.id().unwrap()
    }

    /// Ends the function by SIGTERM, after which Valgrind writes what it counted. Returns standard output and standard error.
    pub async fn stop(mut self) -> String {
        let id = Pid::from_raw(self.process_id().try_into().unwrap()).unwrap();
        rustix::process::kill_process(id, Signal::TERM).unwrap();
        self.function.wait().await.unwrap();
        std::fs::read_to_string(self.output.path()).unwrap()
    }
}

impl Drop for Environment {
    /// The function is killed later than this. It reports to a file that is deleted.
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Starts a function, sends it events one after the other, and stops it.
pub async fn run(binary: &Path, variables: &BTreeMap<String, String>, events: &[Value]) -> Run {
    let mut environment = Environment::start(&[], binary, variables).await;
    let mut responses = Vec::new();
    for event in events {
        responses.push(environment.respond(event).await.0);
    }
    let output = environment.stop().await;
    Run { responses, output }
}

async fn next(State(server): State<Arc<Server>>) -> impl IntoResponse {
    // Waits for ever after the last event.
    let event = server.events.lock().await.recv().await.unwrap_or_default();
    let now = shared::clock::Clock::system().now().unix();
    let deadline = (now + server.limit) * 1000;
    let headers = [
        ("lambda-runtime-aws-request-id", "1".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-trace-id", format!("Root={TRACE};Sampled=0")),
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

/// Returns the kinds of the events among a function's lines, in their order. Each is checked against its row in `docs/logging.md`.
///
/// # Panics
///
/// If a line differs from what the page says.
pub fn events(output: &str) -> Vec<String> {
    let lines = output
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter_map(|line| Some(checked_event(&line)?.to_owned()))
        .collect()
}

fn checked_event(line: &Value) -> Option<&str> {
    let kind = line["event"].as_str()?;
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/logging.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (level, message) = (line["level"].as_str()?, line["message"].as_str()?);
    let start = format!("| {level} | `{kind}` | `{message}` | ");
    let row = page.lines().find_map(|row| row.strip_prefix(&start));
    let row = row.unwrap_or_else(|| panic!("docs/logging.md lacks {start}"));
    let documented: Vec<&str> = row.split_once('|')?.0.split('`').skip(1).step_by(2).collect();
    let is_metric = METRICS.contains(&kind);
    let metric = ["function_name", "_aws", kind];
    for name in line.as_object()?.keys().map(String::as_str) {
        let known = ALWAYS.contains(&name) || OF_REQUESTS.contains(&name) || documented.contains(&name);
        let is_optional = ["event", "user_agent"].contains(&name) || (is_metric && metric.contains(&name));
        assert!(known || is_optional, "{name} of {kind} is not documented: {line}");
        let described = page.contains(&format!("`{name}`"));
        assert!(described, "docs/logging.md does not describe {name}");
    }
    // An invocation without a request is no client's.
    let has_no_request = row.contains("`rotate-keys`") || row.contains("`mailer`");
    let of_request = &OF_REQUESTS[..if has_no_request { 0 } else { 2 }];
    for name in ALWAYS
        .iter()
        .chain(of_request)
        .chain(if is_metric { &metric[..] } else { &[] })
    {
        assert!(!line[name].is_null(), "{kind} lacks {name}: {line}");
    }
    assert_eq!(line["xray_trace_id"], TRACE, "{line}");
    if is_metric {
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Latchkey");
        assert_eq!(directive["Dimensions"], json!([["service", "function_name"]]));
        assert_eq!(directive["Metrics"], json!([{"Name": kind, "Unit": "Count"}]));
        assert_eq!(line[kind], 1, "{line}");
        // Seconds would be in 1970.
        assert!(
            line["_aws"]["Timestamp"].as_i64() > Some(1_700_000_000_000),
            "{line}"
        );
    }
    Some(kind)
}
