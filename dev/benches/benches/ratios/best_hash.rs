//! Argon2id built outside of the release profile, in a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use shared::passwords::HashCost;

use crate::fixture::binaries;

pub(crate) struct BestHash {
    process: Child,
    output: BufReader<ChildStdout>,
    cost: HashCost,
}

impl BestHash {
    pub(crate) fn start(cost: HashCost) -> Self {
        let binary = binaries().join("../best/best-hash");
        let (stdin, stdout) = (Stdio::piped(), Stdio::piped());
        let mut process = Command::new(binary).stdin(stdin).stdout(stdout).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self {
            process,
            output,
            cost,
        }
    }

    /// Returns the time of one hash: in fresh memory for the first, in kept memory for later ones.
    pub(crate) fn hash(&mut self) -> Duration {
        let mut input = self.process.stdin.as_ref().unwrap();
        writeln!(input, "{} {}", self.cost.memory_kib, self.cost.iterations).unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        Duration::from_nanos(line.trim().parse().unwrap())
    }
}

impl Drop for BestHash {
    fn drop(&mut self) {
        // Closes its standard input, which ends it.
        self.process.wait().unwrap();
    }
}
