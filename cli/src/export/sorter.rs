//! Sorts lines by a key in little memory: a table is read in the order of its partitions' hashes, and an index by id would cost every write.
//!
//! Sorted runs stand in temporary files and are merged. The files have no name, so that no hash of a password is left behind, however the
//! program ends.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

/// What is sorted in memory, in bytes of text.
const RUN_BYTES: usize = 2 << 20;
/// How many runs there are at most: open files, of which a process has 256 on macOS.
const MAX_RUNS: usize = 128;

type Entry = (String, String);

/// Lines that are being collected.
pub(super) struct Sorter {
    run_bytes: usize,
    max_runs: usize,
    entries: Vec<Entry>,
    bytes: usize,
    runs: Vec<File>,
}

impl Sorter {
    /// Creates a sorter that holds no more than this in memory and in open files.
    fn new(run_bytes: usize, max_runs: usize) -> Self {
        Self {
            run_bytes,
            max_runs,
            entries: Vec::new(),
            bytes: 0,
            runs: Vec::new(),
        }
    }

    /// Adds a line.
    pub(super) fn push(&mut self, key: String, line: String) -> io::Result<()> {
        self.bytes += key.len() + line.len();
        self.entries.push((key, line));
        if self.bytes < self.run_bytes {
            return Ok(());
        }
        self.bytes = 0;
        self.entries.sort_unstable();
        let run = write(self.entries.drain(..).map(Ok))?;
        self.runs.push(run);
        if self.runs.len() == self.max_runs {
            let merged = write(Merged::new(std::mem::take(&mut self.runs))?)?;
            self.runs.push(merged);
        }
        Ok(())
    }

    /// Returns all lines in the order of their keys.
    pub(super) fn sorted(mut self) -> io::Result<impl Iterator<Item = io::Result<String>>> {
        self.entries.sort_unstable();
        let run = write(self.entries.into_iter().map(Ok))?;
        self.runs.push(run);
        let merged = Merged::new(self.runs)?;
        Ok(merged.map(|entry| entry.map(|(_, line)| line)))
    }
}

impl Default for Sorter {
    fn default() -> Self {
        Self::new(RUN_BYTES, MAX_RUNS)
    }
}

/// Writes a run, and returns it at its beginning.
fn write(entries: impl Iterator<Item = io::Result<Entry>>) -> io::Result<File> {
    let mut file = BufWriter::new(tempfile::tempfile()?);
    for entry in entries {
        let (key, line) = entry?;
        for text in [&key, &line] {
            let length = u32::try_from(text.len()).map_err(io::Error::other)?;
            file.write_all(&length.to_le_bytes())?;
            file.write_all(text.as_bytes())?;
        }
    }
    let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(file)
}

/// The entries of several runs in the order of their keys.
struct Merged {
    runs: Vec<BufReader<File>>,
    /// The first entry of each run that is left, with the run's index.
    first: BinaryHeap<Reverse<(Entry, usize)>>,
}

impl Merged {
    fn new(files: Vec<File>) -> io::Result<Self> {
        let mut merged = Self {
            runs: files.into_iter().map(BufReader::new).collect(),
            first: BinaryHeap::new(),
        };
        for run in 0..merged.runs.len() {
            merged.read(run)?;
        }
        Ok(merged)
    }

    fn read(&mut self, run: usize) -> io::Result<()> {
        let Some(file) = self.runs.get_mut(run) else {
            return Ok(());
        };
        if let Some(key) = text(file)? {
            let line = text(file)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            self.first.push(Reverse(((key, line), run)));
        }
        Ok(())
    }
}

impl Iterator for Merged {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((entry, run)) = self.first.pop()?;
        Some(self.read(run).map(|()| entry))
    }
}

/// Reads a text with its length before it; `None` at the end.
fn text(file: &mut BufReader<File>) -> io::Result<Option<String>> {
    let mut length = [0; 4];
    match file.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut text = String::new();
    let length = u64::from(u32::from_le_bytes(length));
    file.take(length).read_to_string(&mut text)?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::Sorter;

    #[test]
    fn lines_come_in_the_order_of_their_keys_however_many_runs_there_are() {
        for (count, run_bytes) in [(0, 100), (1, 100), (1000, 1_000_000), (1000, 100), (1000, 1)] {
            let mut sorter = Sorter::new(run_bytes, 5);
            for number in 0..count {
                // 7919 is prime, so that each number comes once.
                let key = format!("{:04}", number * 7919 % count);
                sorter.push(key.clone(), format!("line\n{key}")).unwrap();
            }
            let lines: Vec<String> = sorter.sorted().unwrap().map(Result::unwrap).collect();
            let expected: Vec<String> = (0..count).map(|number| format!("line\n{number:04}")).collect();
            assert_eq!(lines, expected, "{count} {run_bytes}");
        }
    }
}
