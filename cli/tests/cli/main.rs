//! The program `latchkey`, on the engine.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod aws;
mod caller;
mod client;
mod dev;
mod doctor;
mod dry_run;
mod emergency;
mod explain;
mod export;
mod hash;
mod import;
mod keys;
mod moving;
mod pages;
mod policy;
mod refusals;
mod running;
mod scopes;
mod stack;
mod user;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use testing::deployment::Deployment;
use testing::fault_proxy::FaultProxy;

/// A password that the rule accepts.
const PASSWORD: &str = "correct horse battery";

/// Returns a command without anything of the caller's environment.
fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.args(arguments).env_clear();
    command
}

/// Returns a command for the table of a deployment.
fn command(deployment: &Deployment, arguments: &[&str]) -> Command {
    let mut command = bare(arguments);
    command.args([
        "--endpoint",
        deployment.endpoint(),
        "--table",
        deployment.table().name(),
    ]);
    command
}

/// Returns a command whose requests go through a proxy.
fn through(proxy: &FaultProxy, deployment: &Deployment, arguments: &[&str]) -> Command {
    let mut command = bare(arguments);
    command.args([
        "--endpoint",
        proxy.endpoint(),
        "--table",
        deployment.table().name(),
    ]);
    command
}

fn latchkey(deployment: &Deployment, arguments: &[&str]) -> Output {
    command(deployment, arguments).output().unwrap()
}

/// Runs a command with something on its standard input.
fn piped(mut command: Command, input: &[u8]) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    // A program that rejects its arguments may be gone before it reads.
    let _gone = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Returns what a command printed as JSON, an object a line.
fn objects(output: &Output) -> Vec<Value> {
    let lines = printed(output);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn is_error(output: &Output, code: i32, reason: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(code) && output.stdout.is_empty(),
        "{reason}: {output:?}"
    );
    assert!(
        message.starts_with("error: ") && message.contains(reason),
        "{reason}: {message}"
    );
}

/// Checks the message of a command that failed, which may have printed something.
fn fails(output: &Output, reason: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{reason}: {output:?}");
    assert!(
        message.contains("error: ") && message.contains(reason),
        "{reason}: {message}"
    );
}

/// Reports whether a command logged an event of this kind.
fn logged(output: &Output, event: &str) -> bool {
    let lines = String::from_utf8_lossy(&output.stderr);
    lines.contains(&format!("event=\"{event}\""))
}
