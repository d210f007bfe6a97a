//! Why an invocation has no answer.

use std::error::Error;
use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;

/// Why an invocation has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvocationError {
    /// The function reported that this invocation failed.
    Failed {
        /// `errorType` of the report.
        kind: String,
        /// `errorMessage` of the report.
        message: String,
    },
    /// The function reported that it can't start.
    Start {
        /// `errorType` of the report.
        kind: String,
        /// `errorMessage` of the report.
        message: String,
    },
    /// The function's answer is no JSON.
    NotJson {
        /// The answer.
        body: String,
    },
    /// There was no answer in this time.
    TimedOut(Duration),
    /// The function's process ended.
    Exited {
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to its standard output and error.
        output: String,
    },
}

impl InvocationError {
    pub(crate) fn failed(report: &Value) -> Self {
        Self::Failed {
            kind: text(report, "errorType"),
            message: text(report, "errorMessage"),
        }
    }

    pub(crate) fn start(report: &Value) -> Self {
        Self::Start {
            kind: text(report, "errorType"),
            message: text(report, "errorMessage"),
        }
    }
}

fn text(report: &Value, name: &str) -> String {
    report[name].as_str().unwrap_or_default().to_owned()
}

impl fmt::Display for InvocationError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { kind, message } => write!(out, "the invocation failed with {kind}: {message}"),
            Self::Start { kind, message } => write!(out, "the function can't start, {kind}: {message}"),
            Self::NotJson { body } => write!(out, "the function's answer is no JSON: {body}"),
            Self::TimedOut(limit) => write!(out, "the function did not answer in {limit:?}"),
            Self::Exited { status, output } => {
                write!(out, "the function ended ({status}) and wrote: {output}")
            }
        }
    }
}

impl Error for InvocationError {}
