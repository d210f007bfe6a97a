//! A function's real binary as a child process.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};

use super::exchange::Exchange;
use super::{InvocationError, RuntimeApi};
use crate::output::Output;

/// A running function. It is killed when this value is dropped.
#[derive(Debug)]
pub struct Function {
    child: Child,
    exchange: Arc<Exchange>,
    stdout: Output,
    stderr: Output,
}

impl Function {
    /// Starts `binary` with the variables that Lambda sets for the runtime, those of `environment`, and no others.
    ///
    /// # Errors
    ///
    /// If the system can't start the binary. A binary that starts and then gives up is seen by [`invoke`](Self::invoke)
    /// and [`wait_for_exit`](Self::wait_for_exit).
    pub fn spawn(
        binary: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
        api: &RuntimeApi,
    ) -> io::Result<Self> {
        let name = binary.file_stem().unwrap_or_default();
        let mut child = Command::new(binary)
            .env_clear()
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("{} can't be started: {error}", binary.display()),
                )
            })?;
        Ok(Self {
            stdout: Output::of(child.stdout.take()),
            stderr: Output::of(child.stderr.take()),
            child,
            exchange: Arc::clone(&api.exchange),
        })
    }

    /// Like [`RuntimeApi::invoke`], but does not wait for a process that has ended.
    ///
    /// # Errors
    ///
    /// [`InvocationError`] says whether the function failed, or could not start, or ended, or did not answer in time.
    pub async fn invoke(&mut self, event: &Value, limit: Duration) -> Result<Value, InvocationError> {
        let ended = tokio::select! {
            biased;
            answer = self.exchange.invoke(event, limit) => return answer,
            ended = self.child.wait() => ended,
        };
        self.read_to_end().await;
        match ended {
            Ok(status) => {
                let output = format!("{}{}", self.stdout(), self.stderr());
                Err(InvocationError::Exited { status, output })
            }
            Err(_) => Err(InvocationError::TimedOut(limit)),
        }
    }

    /// Waits until the process ends by itself. `None` if it has not done so within `limit`.
    pub async fn wait_for_exit(&mut self, limit: Duration) -> Option<ExitStatus> {
        let status = tokio::time::timeout(limit, self.child.wait()).await.ok()?.ok()?;
        self.read_to_end().await;
        Some(status)
    }

    /// Waits until the function has written a line with `text` in it to either of its streams, and returns that line.
    /// `None` if there is none within `limit`.
    pub async fn wait_for_line(&mut self, text: &str, limit: Duration) -> Option<String> {
        let line = async {
            tokio::select! {
                Some(line) = self.stdout.line(text) => Some(line),
                Some(line) = self.stderr.line(text) => Some(line),
                else => None,
            }
        };
        tokio::time::timeout(limit, line).await.ok()?
    }

    /// What the function has written to its standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What the function has written to its standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    async fn read_to_end(&mut self) {
        self.stdout.end().await;
        self.stderr.end().await;
    }
}
