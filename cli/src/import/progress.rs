//! What a person sees of a long import: a bar on a terminal, and a line now and then elsewhere, both on standard error.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

use super::Counts;

/// How many rows are between two lines.
const ROWS: u64 = 10_000;

pub(super) struct Progress {
    /// `None` where there is no terminal.
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(size: Option<u64>) -> Self {
        let bar = io::stderr().is_terminal().then(|| match size {
            Some(size) => {
                ProgressBar::new(size).with_style(style("{wide_bar} {bytes}/{total_bytes} {eta} {msg}"))
            }
            None => ProgressBar::new_spinner().with_style(style("{spinner} {bytes} {msg}")),
        });
        Self { bar }
    }

    pub(super) fn step(&self, counts: &Counts, bytes: u64) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(bytes);
                bar.set_message(counts.line());
            }
            None if counts.rows().is_multiple_of(ROWS) => {
                // Where no one can read it, the import goes on.
                let _unheard = writeln!(io::stderr(), "{}", counts.line());
            }
            None => {}
        }
    }

    /// Prints a line of the report to standard output.
    pub(super) fn print(&self, line: &str) -> Result<(), String> {
        let print = || writeln!(io::stdout(), "{line}");
        let printed = match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        };
        printed.map_err(|error| {
            format!("the report could not be written ({error}); repeat the command, which skips the users that are there")
        })
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A template that does not parse gives the default style.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
