//! Runs the sample events through the functions' binaries under AWS's Runtime Interface Emulator. Then starts each function without
//! a variable that it needs, and calls one whose store fails.
//!
//! `cargo run -p testing --bin run-events -- target/release PATH_OF_THE_EMULATOR`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a check on the command line: it prints what it saw, and stops where it cannot go on"
)]

mod events;
mod faults;
mod report;
mod rie;
mod starts;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use sam_template::Template;

use report::Report;
use rie::Rie;

/// The functions' binaries and what runs them.
struct Binaries {
    folder: PathBuf,
    rie: PathBuf,
    template: Template,
}

impl Binaries {
    /// Starts the emulator for a function, with the function's time limit.
    async fn start(&self, function: &str, variables: &BTreeMap<String, String>) -> Rie {
        let mut functions = self.template.functions().iter();
        let limit = functions.find(|known| known.package == function).unwrap().timeout;
        let binary = self.folder.join(function);
        Rie::start(&self.rie, &binary, limit, variables).await.unwrap()
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, rie] = arguments.as_slice() else {
        eprintln!("usage: run-events FOLDER PATH_OF_THE_EMULATOR");
        return ExitCode::FAILURE;
    };
    let binaries = Binaries {
        folder: folder.clone(),
        rie: rie.clone(),
        template: Template::of_this_project().unwrap(),
    };
    let mut report = Report::default();
    events::http(&binaries, &mut report).await;
    events::authorizations(&binaries, &mut report).await;
    events::rotation(&binaries, &mut report).await;
    starts::run(&binaries, &mut report).await;
    faults::run(&binaries, &mut report).await;
    report.finish()
}
