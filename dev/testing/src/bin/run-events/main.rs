//! Runs each sample event through the real release binaries, as Lambda would: over the Runtime API, or with `--rie` under AWS's own
//! emulator of it. Then starts some without a variable, and calls one whose store is away.
//!
//! `cargo run -p testing --bin run-events -- target/release [--rie PATH]`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a check on the command line: it prints what it saw, and stops where it cannot go on"
)]

mod api;
mod faults;
mod report;
mod rotation;
mod starts;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use testing::environment::Emulator;

use report::Report;

/// The functions' time limit in the template.
const LIMIT: Duration = Duration::from_secs(10);

/// Where the binaries are, and what they run under.
struct Place {
    folder: PathBuf,
    emulator: Emulator,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(place) = place(std::env::args().skip(1).collect()) else {
        eprintln!("usage: run-events FOLDER [--rie PATH]");
        return ExitCode::FAILURE;
    };
    let mut report = Report::default();
    api::run(&place, &mut report).await;
    rotation::run(&place, &mut report).await;
    starts::run(&place, &mut report).await;
    faults::run(&place, &mut report).await;
    report.finish()
}

fn place(arguments: Vec<String>) -> Option<Place> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (folder, emulator) = match arguments[..] {
        [] => ("target/release", Emulator::RuntimeApi),
        [folder] if !folder.starts_with('-') => (folder, Emulator::RuntimeApi),
        [folder, "--rie", rie] => (folder, Emulator::Rie(PathBuf::from(rie))),
        _ => return None,
    };
    let folder = PathBuf::from(folder);
    Some(Place { folder, emulator })
}
