//! Splits the input into rows of values. The parser is csv's own, below its reader: that one says where the last row ended, which is not
//! where the next one begins, and it keeps a row of any length.

use std::io::{self, BufRead};

use csv_core::{ReadRecordResult, Reader};

use crate::import::input::ROW_MAX_BYTES;

/// How much room there is for values at first, in bytes and in values.
const ROOM: (usize, usize) = (1 << 14, 1 << 5);

/// Reads a row at a time.
pub(super) struct Rows<R> {
    source: R,
    parser: Reader,
    /// Where the row begins, and where the parser is.
    lines: (u64, u64),
    /// The length of the row in the input, in bytes.
    length: usize,
    /// The values without what separates them, and where each of them ends; the rest is room.
    values: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl<R: BufRead> Rows<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            parser: Reader::new(),
            lines: (1, 1),
            length: 0,
            values: vec![0; ROOM.0],
            ends: vec![0; ROOM.1],
            count: 0,
        }
    }

    /// Reads the next row to its end, however long it is: what stands in quotation marks must not be read as rows. `false` at the end.
    pub(super) fn next(&mut self) -> io::Result<bool> {
        self.skip_blank_lines()?;
        self.lines.0 = self.lines.1;
        self.length = 0;
        let (mut written, mut ended) = (0, 0);
        loop {
            let input = self.source.fill_buf()?;
            let values = self.values.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(ended..).unwrap_or_default();
            let (result, read, more_written, more_ended) = self.parser.read_record(input, values, ends);
            self.lines.1 += newlines(input.get(..read).unwrap_or_default());
            self.source.consume(read);
            self.length = self.length.saturating_add(read);
            (written, ended) = (written + more_written, ended + more_ended);
            if self.is_too_long() {
                (written, ended) = (0, 0);
            }
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.values.resize(self.values.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    self.count = ended;
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    /// Returns the line where the row begins, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.lines.0
    }

    /// Returns the values of the row.
    pub(super) fn values(&self) -> Result<Vec<&[u8]>, String> {
        if self.is_too_long() {
            return Err(format!(
                "Has more than {ROW_MAX_BYTES} bytes; is a quotation mark missing?"
            ));
        }
        let mut begin = 0;
        let ends = self.ends.iter().take(self.count);
        let values = ends.map(|end| {
            let value = self.values.get(begin..*end).unwrap_or_default();
            begin = *end;
            value
        });
        Ok(values.collect())
    }

    fn is_too_long(&self) -> bool {
        self.length > ROW_MAX_BYTES
    }

    /// Skips what the parser skips before a row, so that the row's line is known.
    fn skip_blank_lines(&mut self) -> io::Result<()> {
        loop {
            let input = self.source.fill_buf()?;
            let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
            let blank = blank.count();
            if blank == 0 {
                return Ok(());
            }
            self.lines.1 += newlines(input.get(..blank).unwrap_or_default());
            self.source.consume(blank);
        }
    }
}

fn newlines(text: &[u8]) -> u64 {
    text.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
