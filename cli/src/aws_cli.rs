//! The AWS CLI, for services of which a command needs one call: with the SDK's clients of Lambda, CloudWatch and CloudWatch Logs, the whole
//! workspace would build the SDK twice.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use serde_json::{Deserializer, Value};

/// Why a call has no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// IAM denied it.
    Denied,
    /// Another reason, a sentence.
    Other(String),
}

impl Failure {
    /// Returns a sentence about a call that needs a permission.
    pub(crate) fn message(self, action: &str) -> String {
        match self {
            Self::Denied => format!("the permission {action} is missing"),
            Self::Other(why) => why,
        }
    }
}

/// Calls AWS, and returns the JSON documents that the AWS CLI prints. What stands in `input` is on its standard input.
pub(crate) fn run(arguments: &[&str], input: &str) -> Result<Vec<Value>, Failure> {
    let failed = |error: io::Error| {
        let remedy = "install the AWS CLI, and have `aws` in PATH";
        Failure::Other(format!("the AWS CLI could not be started ({error}): {remedy}"))
    };
    let mut command = Command::new("aws");
    let command = command.args(arguments).args(["--output", "json"]);
    let command = command.env("AWS_PAGER", "").stdin(Stdio::piped());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // Where it ends without reading, it says why.
        let _unread = stdin.write_all(input.as_bytes());
    }
    let called = child.wait_with_output().map_err(failed)?;
    if called.status.success() {
        let printed = Deserializer::from_slice(&called.stdout).into_iter();
        return Ok(printed.map_while(Result::ok).collect());
    }
    let said = String::from_utf8_lossy(&called.stderr);
    if said.contains("AccessDenied") || said.contains("not authorized") {
        return Err(Failure::Denied);
    }
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    Err(Failure::Other(format!("the AWS CLI failed: {said}")))
}
