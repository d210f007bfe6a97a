//! What is printed, and how: columns for people, JSON for programs.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;
use tabwriter::TabWriter;

/// What a command did.
pub(crate) struct Done {
    /// What it prints, in whole lines.
    pub(crate) text: String,
    /// What to say where that cannot be printed.
    pub(crate) unprinted: String,
}

impl Done {
    /// Creates what can be printed again by the same command.
    pub(crate) fn repeatable(text: String) -> Self {
        let unprinted = "the command can be repeated".to_owned();
        Self { text, unprinted }
    }
}

/// Prints without the macro, which panics where it cannot: what was done is done, and a secret is lost.
pub(crate) fn print(done: &Done) -> Result<(), String> {
    write(&done.text)
        .map_err(|error| format!("the output could not be written ({error}); {}", done.unprinted))
}

/// Prints a part of a long output. Returns `false` where no one reads it any more, as behind `head`.
pub(crate) fn stream(text: &str) -> Result<bool, String> {
    match write(text) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(format!("the output could not be written ({error})")),
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// How something is shown.
#[derive(Args, Clone, Copy)]
pub(crate) struct Output {
    /// How it is printed.
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Columns, for people.
    Table,
    /// A JSON object a line, with all members.
    Json,
}

/// Something that is shown.
pub(crate) trait Row: Serialize {
    /// The columns of a list of them.
    const COLUMNS: &'static [&'static str];

    /// Returns the cells of these columns.
    fn cells(&self) -> Vec<String>;

    /// Returns what else is shown of one alone.
    fn details(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

impl Output {
    /// Writes a list, or a page of one: the first has the names of the columns.
    pub(crate) fn list<R: Row>(self, rows: &[R], is_first: bool) -> Result<String, String> {
        if matches!(self.format, Format::Json) {
            return rows.iter().map(json).collect();
        }
        let names = is_first.then(|| R::COLUMNS.iter().map(|name| name.to_uppercase()).collect());
        aligned(names.into_iter().chain(rows.iter().map(Row::cells)))
    }

    /// Writes one of them, with its details.
    pub(crate) fn one<R: Row>(self, row: &R) -> Result<String, String> {
        if matches!(self.format, Format::Json) {
            return json(row);
        }
        let columns = R::COLUMNS.iter().copied().zip(row.cells());
        aligned(
            columns
                .chain(row.details())
                .map(|(name, cell)| vec![name.to_owned(), cell]),
        )
    }
}

fn json(row: &impl Serialize) -> Result<String, String> {
    let line = serde_json::to_string(row).map_err(|error| error.to_string())?;
    Ok(line + "\n")
}

/// Aligns columns with spaces.
fn aligned(rows: impl Iterator<Item = Vec<String>>) -> Result<String, String> {
    let mut aligned = TabWriter::new(Vec::new());
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| visible(cell)).collect();
        writeln!(aligned, "{}", cells.join("\t")).map_err(|error| error.to_string())?;
    }
    let text = aligned.into_inner().map_err(|error| error.to_string())?;
    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
    Ok(text
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect())
}

/// Replaces what a terminal would obey, and what changes the direction of writing: a `User-Agent` is a stranger's text.
pub(crate) fn visible(text: &str) -> String {
    let is_obeyed = |char: char| {
        char.is_control()
            || matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(is_obeyed, "\u{fffd}")
}
