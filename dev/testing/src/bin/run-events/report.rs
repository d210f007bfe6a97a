//! What passed and what failed.

use std::process::ExitCode;
use std::time::Instant;

#[derive(Default)]
pub(crate) struct Report {
    passed: u32,
    failed: u32,
}

impl Report {
    /// Waits for the end of a check, and prints its words or what was wrong.
    pub(crate) async fn check(&mut self, name: &str, check: impl Future<Output = Result<String, String>>) {
        let started = Instant::now();
        let result = check.await;
        let milliseconds = started.elapsed().as_millis();
        match result {
            Ok(words) => {
                self.passed += 1;
                println!("{name}: {words}, {milliseconds} ms");
            }
            Err(difference) => {
                self.failed += 1;
                println!("FAILED {name}: {difference}");
            }
        }
    }

    pub(crate) fn finish(self) -> ExitCode {
        println!("{} passed, {} failed", self.passed, self.failed);
        if self.failed == 0 && self.passed > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
