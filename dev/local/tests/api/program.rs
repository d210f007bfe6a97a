//! The program `cargo dev` itself.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use shared::logging::LOG_FILE;

pub(super) struct Program {
    child: Option<Child>,
    pub(super) url: String,
    pub(super) printed: Vec<String>,
    log: Option<JoinHandle<Vec<String>>>,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(arguments).env_clear().env("RUST_BACKTRACE", "1");
    command
}

impl Program {
    fn start(data: &Path) -> Self {
        Self::start_with(&["--data-dir", data.to_str().unwrap()])
    }

    pub(super) fn start_with(arguments: &[&str]) -> Self {
        let mut child = command(&["--port", "0", "--dynamodb-port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut printed = Vec::new();
        while printed
            .last()
            .is_none_or(|line: &String| !line.contains("Ctrl-C"))
        {
            printed.push(lines.next().unwrap().unwrap());
        }
        // The program goes on printing; a closed pipe would stop it.
        let log = std::thread::spawn(move || lines.map_while(Result::ok).collect());
        Self {
            child: Some(child),
            url: url(&printed, "Latchkey"),
            printed,
            log: Some(log),
        }
    }

    pub(super) async fn post(&self, path: &str, content_type: &str, body: &str) -> (u16, Value) {
        let request = Client::new()
            .post(format!("{}{path}", self.url))
            .header("content-type", content_type)
            .body(body.to_owned());
        let response = request.send().await.unwrap();
        (
            response.status().as_u16(),
            serde_json::from_str(&response.text().await.unwrap()).unwrap(),
        )
    }

    pub(super) async fn log_in(&self) -> (u16, Value) {
        self.post(
            "/token",
            "application/x-www-form-urlencoded",
            "username=johndoe&password=correct+horse+battery",
        )
        .await
    }

    /// Stops the program as Ctrl-C does, and returns what it printed since the start.
    fn stop(mut self) -> Vec<String> {
        let mut child = self.child.take().unwrap();
        let interrupted = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        assert!(interrupted.success());
        assert!(child.wait().unwrap().success());
        self.log.take().unwrap().join().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Returns the URL in the line of this heading.
pub(super) fn url(printed: &[String], heading: &str) -> String {
    let mut lines = printed.iter().filter_map(|line| line.strip_prefix(heading));
    lines
        .next()
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned()
}

/// Returns what the program prints where it cannot start.
fn failed_start(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(printed.lines().count(), 1, "one line and no backtrace: {printed}");
    printed
}

#[tokio::test]
async fn users_and_keys_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = Program::start(&data);
    let body = json!({"username": "johndoe", "password": "correct horse battery"}).to_string();
    assert_eq!(first.post("/register", "application/json", &body).await.0, 201);
    let (_, token) = first.log_in().await;
    first.stop();

    let second = Program::start(&data);
    let (status, again) = second.log_in().await;
    assert_eq!(status, 200);
    let kid = |response: &Value| {
        jsonwebtoken::decode_header(response["access_token"].as_str().unwrap())
            .unwrap()
            .kid
            .unwrap()
    };
    assert_eq!(kid(&token), kid(&again));
    assert_eq!(second.post("/register", "application/json", &body).await.0, 409);
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_secret_can_be_read_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let _program = Program::start(folder.path());
    for file in ["signing-keys.json", "dynamodb.sqlite"] {
        let mode = std::fs::metadata(folder.path().join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn it_prints_what_it_serves_and_a_line_to_try() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let printed = program.printed.join("\n");
    for expected in [
        "POST /register",
        "POST /token",
        "GET /users/me",
        "DynamoDB  http://127.0.0.1:",
        "curl -i ",
    ] {
        assert!(printed.contains(expected), "{expected} in {printed}");
    }
    assert!(printed.contains(&program.url));
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    for (option, other) in [("--port", "--dynamodb-port"), ("--dynamodb-port", "--port")] {
        let taken = port.to_string();
        let printed = failed_start(&mut command(&[option, &taken, other, "0", "--in-memory"]));
        assert_eq!(
            printed,
            format!("error: port {port} is taken; choose another with {option}\n")
        );
    }
}

#[test]
fn a_host_that_is_not_this_machines_is_named() {
    // An address of documentation (RFC 5737).
    let arguments = [
        "--host",
        "192.0.2.1",
        "--port",
        "0",
        "--dynamodb-port",
        "0",
        "--in-memory",
    ];
    let printed = failed_start(&mut command(&arguments));
    assert!(
        printed.contains("192.0.2.1:0") && printed.contains("--host"),
        "{printed}"
    );
}

#[tokio::test]
async fn another_host_opens_the_api_alone_and_the_issuer_stays_on_loopback() {
    let service = Program::start_with(&["--host", "0.0.0.0", "--in-memory"]);
    let (api, dynamodb) = (&service.url, url(&service.printed, "DynamoDB"));
    assert!(api.starts_with("http://127.0.0.1:") && dynamodb.starts_with("http://127.0.0.1:"));
    let elsewhere = |url: &str| {
        format!(
            "{}/.well-known/openid-configuration",
            url.replace("127.0.0.1", "127.0.0.2")
        )
    };
    let metadata: Value = reqwest::get(elsewhere(api)).await.unwrap().json().await.unwrap();
    assert_eq!(metadata["issuer"], *api);
    assert!(reqwest::get(elsewhere(&dynamodb)).await.unwrap_err().is_connect());
}

#[test]
fn a_data_folder_has_one_service_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    std::fs::write(folder.path().join(LOG_FILE), "of an earlier one").unwrap();
    let first = Program::start(folder.path());
    let log = || std::fs::read_to_string(folder.path().join(LOG_FILE)).unwrap();
    assert_eq!(log(), "");
    let again = || command(&["--port", "0", "--dynamodb-port", "0", "--data-dir", data]);
    assert_eq!(
        failed_start(&mut again()),
        format!(
            "error: the folder {data} is in use by another cargo dev; stop it, or choose another with --data-dir or --in-memory\n"
        )
    );
    first.stop();
    Program::start(folder.path());
}

#[test]
fn users_and_keys_are_kept_in_the_workspace_wherever_the_program_starts() {
    let elsewhere = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let expected = format!("[default: {}]", root.join(".local").display());
    let help = command(&["--help"]).current_dir(&elsewhere).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains(&expected), "{help}");
}

#[test]
fn the_version_is_shown() {
    let output = command(&["--version"]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        concat!("cargo dev ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn help_is_shown_with_and_without_one_more_pair_of_dashes() {
    for arguments in [&["--help"][..], &["--", "--help"]] {
        let output = command(arguments).output().unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains("--in-memory"));
    }
}

#[test]
fn a_wrong_variable_is_named() {
    let mut wrong = command(&["--port", "0", "--dynamodb-port", "0", "--in-memory"]);
    let printed = failed_start(wrong.env("ACCESS_TOKEN_SECONDS", "soon"));
    assert_eq!(
        printed,
        "error: ACCESS_TOKEN_SECONDS must be a number from 60 to 86400\n"
    );
}

#[test]
fn keys_that_do_not_parse_are_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("signing-keys.json"),
        r#"{"keys":[{"kind":"RS256","pem":"secret","made_at":"2026-01-01T00:00:00Z","signs_from":"2026-01-01T00:00:00Z",
            "signs_until":"2100-01-01T00:00:00Z","drop_at":"2100-01-01T00:00:00Z"}]}"#,
    )
    .unwrap();
    let data = folder.path().to_str().unwrap();
    let printed = failed_start(&mut command(&[
        "--port",
        "0",
        "--dynamodb-port",
        "0",
        "--data-dir",
        data,
    ]));
    assert!(
        printed.contains("signing-keys.json") && printed.contains("key 1 is not PEM"),
        "{printed}"
    );
    assert!(!printed.contains("secret"));
}

#[tokio::test]
async fn it_logs_a_line_per_request_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let body = json!({"username": "johndoe", "password": "correct horse battery"}).to_string();
    assert_eq!(program.post("/register", "application/json", &body).await.0, 201);
    let (_, response) = program.log_in().await;
    let token = response["access_token"].as_str().unwrap().to_owned();
    let client = Client::new();
    let me = client
        .get(format!("{}/users/me?access_token={token}", program.url))
        .bearer_auth(&token);
    assert_eq!(me.send().await.unwrap().status(), 200);
    let log = program.stop();
    for (line, expected) in log.iter().zip([
        "event=\"Registered\"",
        "POST /register 201",
        "event=\"LoggedIn\"",
        "POST /token 200",
        "GET /users/me 200",
    ]) {
        assert!(line.contains(expected), "{log:?}");
    }
    assert_eq!(log.len(), 5, "{log:?}");
    let file = std::fs::read_to_string(folder.path().join(LOG_FILE)).unwrap();
    let kept: Vec<Value> = file
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(kept.len(), 5, "{kept:?}");
    assert!(kept.iter().all(|line| line["request_id"].is_string()), "{kept:?}");
    assert_eq!(kept[0]["request_id"], kept[1]["request_id"], "{kept:?}");
    let log = [log, vec![file]].concat();
    for secret in [
        "correct",
        "battery",
        "argon2",
        "PRIVATE",
        &token[token.len() - 40..],
    ] {
        assert!(!log.join("\n").contains(secret), "{secret} in {log:?}");
    }
}

#[tokio::test]
async fn ctrl_c_ends_it_within_5_seconds_though_a_request_is_half_sent() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    // It listens for Ctrl-C once it serves.
    assert_eq!(program.log_in().await.0, 401);
    let address = program.url.strip_prefix("http://").unwrap().to_owned();
    let send = |half: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(half.as_bytes()).unwrap();
        stream
    };
    let _held = [send(""), send("GET /docs HTT")];
    let head = "POST /register HTTP/1.1\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n";
    let mut waiting = BufReader::new(send(head));
    // It responds once it waits for the body.
    let mut line = String::new();
    waiting.read_line(&mut line).unwrap();
    assert!(line.contains("100 Continue"), "{line}");
    let interrupted = Instant::now();
    program.stop();
    assert!(interrupted.elapsed() < Duration::from_secs(5));
}
