//! The committed sizes and instruction counts. None may grow by more than 5 %.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::pairs::verdict;

#[derive(Default)]
pub(crate) struct Record {
    renew: bool,
    before: BTreeMap<String, u64>,
    now: BTreeMap<String, u64>,
    failed: bool,
}

impl Record {
    /// Reads the record of this kind of processor, if one is committed and it is not to be renewed.
    pub(crate) fn read(renew: bool) -> Self {
        let text = std::fs::read(path()).ok().filter(|_| !renew);
        Self {
            renew,
            before: text.map_or_else(BTreeMap::new, |text| serde_json::from_slice(&text).unwrap()),
            ..Self::default()
        }
    }

    /// Prints a figure in millions, and compares it with its aim and with the record. Returns whether the aim is met.
    pub(crate) fn row(&mut self, what: &str, value: u64, aim: Option<f64>) -> bool {
        let millions = value as f64 / 1e6;
        println!("{what}: {millions:.2} million{}", verdict(millions, aim));
        match self.before.get(what) {
            Some(before) if value * 100 > before * 105 => self.fail("over 5 % more than recorded"),
            Some(before) if value * 100 < before * 95 => {
                println!("  over 5 % less than recorded: renew the record by --write");
            }
            None if !self.renew && !self.before.is_empty() => {
                self.fail("not recorded: renew the record by --write")
            }
            _ => {}
        }
        self.now.insert(what.to_owned(), value);
        aim.is_none_or(|aim| millions <= aim)
    }

    /// Makes the benchmark fail after the rest is measured.
    pub(crate) fn fail(&mut self, why: &str) {
        println!("  FAILED: {why}");
        self.failed = true;
    }

    pub(crate) fn finish(&self) -> ExitCode {
        if self.renew {
            let text = serde_json::to_string_pretty(&self.now).unwrap();
            std::fs::write(path(), text + "\n").unwrap();
        }
        ExitCode::from(u8::from(self.failed))
    }
}

/// The sizes and the instructions are other ones on another kind of processor.
fn path() -> PathBuf {
    let name = format!("record-{}.json", std::env::consts::ARCH);
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}
