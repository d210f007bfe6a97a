//! A function's binary under AWS's Runtime Interface Emulator (RIE), which the wheel of the SAM CLI contains.
//!
//! The emulator starts the binary at the first invocation, stops it when an invocation exceeds the time limit, and starts another
//! process at the next one.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// The longest time until the emulator listens.
const START: Duration = Duration::from_secs(60);
/// How often it is started: another program may be given a port that was free a moment ago.
const STARTS: usize = 3;

/// Why an invocation has no response.
#[derive(Debug)]
#[expect(dead_code, reason = "a failed check prints them")]
pub(crate) enum InvocationError {
    /// The function reported this error.
    Failed(Value),
    /// The function did not start.
    Start,
    /// The time limit passed.
    TimedOut,
    /// The emulator sent this body, which is none of the above.
    Unexpected(String),
}

/// An emulator with one function. Both stop when this value is dropped.
#[derive(Debug)]
pub(crate) struct Rie {
    /// Kept: it is killed with this value, and the function's process exits with its emulator.
    _child: Child,
    client: Client,
    url: String,
    output: NamedTempFile,
}

impl Rie {
    /// Starts the emulator at `rie` for `binary`, with the variables that Lambda sets, those of `variables`, and no others.
    /// An invocation may last whole seconds of `limit`.
    ///
    /// # Errors
    ///
    /// If the emulator cannot be started or does not listen.
    pub(crate) async fn start(
        rie: &Path,
        binary: &Path,
        limit: Duration,
        variables: &BTreeMap<String, String>,
    ) -> io::Result<Self> {
        let mut starts = 1;
        loop {
            match Self::start_once(rie, binary, limit, variables).await {
                Err(_) if starts < STARTS => starts += 1,
                started => return started,
            }
        }
    }

    async fn start_once(
        rie: &Path,
        binary: &Path,
        limit: Duration,
        variables: &BTreeMap<String, String>,
    ) -> io::Result<Self> {
        let [api, runtime_api] = free_addresses()?;
        let output = NamedTempFile::new()?;
        let mut child = Command::new(rie)
            // Without these two it listens on all interfaces.
            .arg("--runtime-interface-emulator-address")
            .arg(api.to_string())
            .arg("--runtime-api-address")
            .arg(runtime_api.to_string())
            .arg(binary)
            .env_clear()
            .env("AWS_LAMBDA_FUNCTION_NAME", binary.file_stem().unwrap_or_default())
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", limit.as_secs().to_string())
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(output.as_file().try_clone()?)
            .stderr(output.as_file().try_clone()?)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", rie.display())))?;
        let listening = tokio::time::timeout(START, listens(&mut child, api)).await;
        listening.map_err(|_| io::Error::other("the emulator does not listen"))??;
        Ok(Self {
            _child: child,
            client: Client::new(),
            url: format!("http://{api}/2015-03-31/functions/function/invocations"),
            output,
        })
    }

    /// Invokes the function with `event`. The receiver is exclusive because the emulator does not survive two requests at a time.
    ///
    /// # Errors
    ///
    /// If the function failed, did not start or exceeded the time limit.
    pub(crate) async fn invoke(&mut self, event: &Value) -> Result<Value, InvocationError> {
        let request = self.client.post(&self.url).body(event.to_string());
        let response = request.send().await.unwrap();
        let status = response.status();
        let body = response.text().await.unwrap();
        // The emulator sends 200 for a failed invocation too, and 502 without a report for a failed start.
        match (status, serde_json::from_str::<Value>(&body)) {
            (_, Ok(report)) if report.get("errorType").is_some() => Err(InvocationError::Failed(report)),
            (StatusCode::OK, Ok(response)) => Ok(response),
            (StatusCode::BAD_GATEWAY, _) => Err(InvocationError::Start),
            _ if body.starts_with("Task timed out") => Err(InvocationError::TimedOut),
            _ => Err(InvocationError::Unexpected(body)),
        }
    }

    /// Invokes the function as [`invoke`](Self::invoke) does, with the error as a message.
    pub(crate) async fn respond(&mut self, event: &Value) -> Result<Value, String> {
        self.invoke(event).await.map_err(|error| format!("{error:?}"))
    }

    /// Returns what emulator and function have written so far.
    pub(crate) fn output(&self) -> String {
        let output = std::fs::read(self.output.path()).unwrap();
        String::from_utf8_lossy(&output).into_owned()
    }
}

/// Returns two addresses that nothing listens on. Both are held before either is given back, so that they differ.
fn free_addresses() -> io::Result<[SocketAddr; 2]> {
    let held = [
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
    ];
    let [one, other] = &held;
    Ok([one.local_addr()?, other.local_addr()?])
}

/// Waits until `address` accepts connections.
async fn listens(child: &mut Child, address: SocketAddr) -> io::Result<()> {
    while TcpStream::connect(address).await.is_err() {
        if let Some(status) = child.try_wait()? {
            return Err(io::Error::other(format!("the emulator exited: {status}")));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
