//! The AWS CLI, for services of which a command needs one call: with the SDK's clients of Lambda, CloudWatch and CloudWatch Logs, the whole
//! workspace would build the SDK twice.

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

/// Calls AWS, and returns the JSON documents that the AWS CLI prints.
pub(crate) fn run(arguments: &[&str]) -> Result<Vec<Value>, Failure> {
    let called = Command::new("aws")
        .args(arguments)
        .args(["--output", "json"])
        .env("AWS_PAGER", "")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            let remedy = "install the AWS CLI, and have `aws` in PATH";
            Failure::Other(format!("the AWS CLI could not be started ({error}): {remedy}"))
        })?;
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
