//! A function's real binary under AWS's own emulator of the runtime, the Runtime Interface Emulator (RIE).
//!
//! The wheel of the SAM CLI carries it. It starts the binary at the first invocation, ends it when its time is over, and then
//! starts another at the next one.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::output::Output;
use crate::runtime_api::InvocationError;

/// How long the emulator may take until it listens.
const START: Duration = Duration::from_secs(10);

/// An emulator with one function. Both end when this value is dropped.
#[derive(Debug)]
pub struct Rie {
    /// Kept: it is killed with this value, and the binary ends when its emulator is gone.
    _child: Child,
    client: Client,
    url: String,
    limit: Duration,
    stdout: Output,
    stderr: Output,
}

impl Rie {
    /// Starts the emulator at `rie` for `binary`, with the variables that Lambda sets, those of `environment`, and no others.
    /// The function has whole seconds of `limit` for an invocation.
    ///
    /// # Errors
    ///
    /// If the emulator cannot be started or does not listen.
    pub async fn start(
        rie: &Path,
        binary: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
        limit: Duration,
    ) -> io::Result<Self> {
        let [api, runtime_api] = free_addresses()?;
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
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", rie.display())))?;
        let stdout = Output::of(child.stdout.take());
        let stderr = Output::of(child.stderr.take());
        let listening = tokio::time::timeout(START, listens(&mut child, api)).await;
        listening.map_err(|_| io::Error::other("the emulator does not listen"))??;
        Ok(Self {
            _child: child,
            client: Client::new(),
            url: format!("http://{api}/2015-03-31/functions/function/invocations"),
            limit,
            stdout,
            stderr,
        })
    }

    /// Hands `event` to the function and gives its answer. Takes this value for itself: the emulator does not survive a second
    /// request beside the first.
    ///
    /// # Errors
    ///
    /// [`InvocationError`] says whether the function failed, or could not start, or did not answer in time.
    ///
    /// # Panics
    ///
    /// If the emulator itself does not answer.
    pub async fn invoke(&mut self, event: &Value) -> Result<Value, InvocationError> {
        let response = self.client.post(&self.url).body(event.to_string()).send().await;
        let response = response.unwrap();
        let status = response.status();
        let body = response.text().await.unwrap();
        let answer: Value = match serde_json::from_str(&body) {
            Ok(answer) => answer,
            // It tells of a failed start by an empty body.
            Err(_) if status == StatusCode::BAD_GATEWAY => Value::Null,
            Err(_) if body.starts_with("Task timed out") => {
                return Err(InvocationError::TimedOut(self.limit));
            }
            Err(_) => return Err(InvocationError::NotJson { body }),
        };
        // It answers 200 to a failed invocation, too.
        match (status, answer.get("errorType")) {
            (StatusCode::OK, None) => Ok(answer),
            (StatusCode::BAD_GATEWAY, None) => Err(InvocationError::start(&answer)),
            (_, Some(_)) => Err(InvocationError::failed(&answer)),
            _ => Err(InvocationError::NotJson { body }),
        }
    }

    /// What emulator and function have written so far.
    #[must_use]
    pub fn output(&self) -> String {
        self.stdout.text() + &self.stderr.text()
    }
}

/// Two addresses that nothing listens on. Both are held before either is given back, so that they differ.
fn free_addresses() -> io::Result<[SocketAddr; 2]> {
    let held = [
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
    ];
    let [one, other] = &held;
    Ok([one.local_addr()?, other.local_addr()?])
}

async fn listens(child: &mut Child, address: SocketAddr) -> io::Result<()> {
    while TcpStream::connect(address).await.is_err() {
        if let Some(status) = child.try_wait()? {
            return Err(io::Error::other(format!("the emulator ended: {status}")));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
