//! What passed and what failed.

use std::process::ExitCode;
use std::time::Instant;

#[derive(Default)]
pub(crate) struct Report {
    passed: u32,
    failed: u32,
}

impl Report {
    /// Runs a check and prints its result.
    pub(crate) async fn check(&mut self, name: &str, check: impl Future<Output = Result<String, String>>) {
        let started = Instant::now();
        match check.await {
            Ok(result) => {
                self.passed += 1;
                println!("{name}: {result}, {} ms", started.elapsed().as_millis());
            }
            Err(difference) => {
                self.failed += 1;
                println!("FAILED {name}: {difference}");
            }
        }
    }

    /// Prints the counts; fails if a check failed or none ran.
    pub(crate) fn finish(self) -> ExitCode {
        println!("{} passed, {} failed", self.passed, self.failed);
        if self.failed == 0 && self.passed > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
