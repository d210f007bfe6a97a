//! Reads the rows of a file or of standard input, on a thread of its own: a pipe may wait for long.

mod csv;
mod metered;
mod ndjson;

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use clap::ValueEnum;
use serde_json::Value;
use shared::passwords::FirebaseParameters;
use shared::users::Row;
use tokio::sync::mpsc;

use crate::members;
use metered::Metered;

/// How long a row may be, in bytes: some thirty times the longest user.
const ROW_MAX_BYTES: usize = 1 << 20;
/// How many rows are read ahead.
const AHEAD: usize = 256;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A JSON object a line.
    Ndjson,
    /// Comma-separated values; the first line names the members.
    Csv,
}

/// A row with the number of its line, counted from 1.
pub(crate) struct Numbered {
    pub(crate) line: u64,
    /// The row, or why it is refused.
    pub(crate) row: Result<Row, String>,
}

/// Rows that are being read.
pub(crate) struct Input {
    rows: mpsc::Receiver<Result<Numbered, String>>,
    /// The size in bytes, where it is known.
    pub(crate) size: Option<u64>,
    read: Arc<AtomicU64>,
}

impl Input {
    /// Begins to read a file, or standard input for `-`.
    pub(crate) fn open(
        name: &str,
        format: Option<Format>,
        firebase: Option<FirebaseParameters>,
    ) -> Result<Self, String> {
        let is_csv = Path::new(name)
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let format = format.unwrap_or(if is_csv { Format::Csv } else { Format::Ndjson });
        let (source, size): (Box<dyn Read + Send>, Option<u64>) = if name == "-" {
            (Box::new(io::stdin()), None)
        } else {
            let unreadable = |error: io::Error| format!("{name} cannot be read: {error}");
            let file = File::open(name).map_err(unreadable)?;
            let about = file.metadata().map_err(unreadable)?;
            if about.is_dir() {
                return Err(format!("{name} is a folder"));
            }
            (Box::new(file), about.is_file().then_some(about.len()))
        };
        let (sender, rows) = mpsc::channel(AHEAD);
        let metered = Metered::new(source);
        let read = metered.read_so_far();
        thread::spawn(move || {
            let sink = Sink { sender, firebase };
            match (without_mark(metered), format) {
                (Ok(source), Format::Ndjson) => ndjson::read(source, &sink),
                (Ok(source), Format::Csv) => csv::read(source, &sink),
                (Err(error), _) => sink.fail(format!("line 1 cannot be read: {error}")),
            }
        });
        Ok(Self { rows, size, read })
    }

    /// Returns the next row. An error ends the input.
    pub(crate) async fn next(&mut self) -> Result<Option<Numbered>, String> {
        self.rows.recv().await.transpose()
    }

    /// Returns how many bytes were read.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// Skips the mark before the first line by which programs of Windows say that a file is UTF-8.
fn without_mark(mut source: impl Read) -> io::Result<BufReader<impl Read>> {
    let mut beginning = Vec::new();
    source.by_ref().take(3).read_to_end(&mut beginning)?;
    if beginning == "\u{feff}".as_bytes() {
        beginning.clear();
    }
    Ok(BufReader::new(Cursor::new(beginning).chain(source)))
}

/// Where rows go.
struct Sink {
    sender: mpsc::Sender<Result<Numbered, String>>,
    /// By which the hashes of Firebase's users are read.
    firebase: Option<FirebaseParameters>,
}

impl Sink {
    /// Sends the members of a line; `false` where no one waits for more.
    fn send(&self, line: u64, members: Result<Vec<(String, Value)>, String>) -> bool {
        let row = members.and_then(|members| members::read(members, self.firebase.as_ref()));
        self.sender.blocking_send(Ok(Numbered { line, row })).is_ok()
    }

    /// Ends the input by an error.
    fn fail(&self, error: String) {
        // Where no one waits for it, it is of no interest.
        let _unheard = self.sender.blocking_send(Err(error));
    }
}
