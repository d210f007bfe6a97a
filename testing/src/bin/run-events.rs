//! Runs each sample event through the real release binaries, as Lambda would: over the Runtime API. Starts some without a variable,
//! too.
//!
//! `cargo run -p testing --bin run-events -- target/release`
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a check on the command line: it prints what it saw, and stops where it cannot go on"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use testing::deployment::Deployment;
use testing::events::{Walk, cases};
use testing::runtime_api::{Function, RuntimeApi};

/// The functions' time limit in the template.
const LIMIT: Duration = Duration::from_secs(10);

struct Running {
    function: Function,
    _api: RuntimeApi,
}

#[tokio::main]
async fn main() -> ExitCode {
    let folder = PathBuf::from(
        std::env::args()
            .nth(1)
            .unwrap_or_else(|| "target/release".to_owned()),
    );
    let deployment = Deployment::start().await;
    let mut functions = BTreeMap::new();
    for name in ["docs", "register", "token", "me", "well-known"] {
        let api = RuntimeApi::start().await.unwrap();
        let variables = deployment.variables().clone();
        let function = Function::spawn(&folder.join(name), variables, &api).unwrap();
        functions.insert(name, Running { function, _api: api });
    }
    let mut walk = Walk::default();
    let (mut passed, mut failed) = (0, 0);
    for case in cases() {
        let event = serde_json::from_str(&walk.event(&case)).unwrap();
        let running = functions.get_mut(case.function.as_str()).unwrap();
        let started = Instant::now();
        let result = match running.function.invoke(&event, LIMIT).await {
            Ok(answer) => walk.check(&case, &answer),
            Err(error) => Err(format!("{}: {error}", case.event)),
        };
        let milliseconds = started.elapsed().as_millis();
        match result {
            Ok(()) => {
                passed += 1;
                println!("{} {} {milliseconds} ms", case.event, case.status);
            }
            Err(difference) => {
                failed += 1;
                println!("FAILED {difference}");
            }
        }
    }
    for (name, variable) in [
        ("token", "ISSUER"),
        ("me", "TABLE_NAME"),
        ("register", "TABLE_NAME"),
    ] {
        match stops_without(&deployment, &folder.join(name), variable).await {
            Ok(message) => {
                passed += 1;
                println!("{name} without {variable}: {message}");
            }
            Err(difference) => {
                failed += 1;
                println!("FAILED {name} without {variable}: {difference}");
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A binary without one of its variables: it ends by itself, and what it printed names the variable.
async fn stops_without(deployment: &Deployment, binary: &Path, variable: &str) -> Result<String, String> {
    let api = RuntimeApi::start().await.unwrap();
    let mut variables = deployment.variables().clone();
    variables.remove(variable);
    let mut function = Function::spawn(binary, variables, &api).unwrap();
    let status = function.wait_for_exit(LIMIT).await.ok_or("it runs on")?;
    let printed = function.stdout() + &function.stderr();
    let message = format!("{variable} must be set");
    if status.success() || !printed.contains(&message) {
        return Err(format!("{status}: {printed}"));
    }
    if printed.contains("stack backtrace") {
        return Err(format!("a backtrace: {printed}"));
    }
    Ok(message)
}
