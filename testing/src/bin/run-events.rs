//! Runs each sample event through the real release binaries, as Lambda would: over the Runtime API.
//!
//! `cargo run -p testing --bin run-events -- target/release`
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a check on the command line: it prints what it saw, and stops where it cannot go on"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
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
    for name in ["docs", "register", "token", "me"] {
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
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
