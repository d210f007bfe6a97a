//! Rows as a JSON object a line.

use std::fmt;
use std::io::{self, BufRead, Read};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::{ROW_MAX_BYTES, Sink};

/// Sends the rows, until the input ends or no one waits for more.
pub(super) fn read(mut source: impl BufRead, sink: &Sink) {
    let mut line = Vec::new();
    for number in 1.. {
        let members = match next(&mut source, &mut line) {
            Ok(Some(Length::Ok)) if line.trim_ascii().is_empty() => continue,
            Ok(Some(Length::Ok)) => members(line.trim_ascii()),
            Ok(Some(Length::TooLong)) => Err(format!("the line has more than {ROW_MAX_BYTES} bytes")),
            Ok(None) => return,
            Err(error) => {
                return sink.fail(format!("line {number} cannot be read: {error}"));
            }
        };
        if !sink.send(number, members) {
            return;
        }
    }
}

enum Length {
    Ok,
    TooLong,
}

/// Reads a line, of which no more than the bound is kept; `None` at the end.
fn next(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<Length>> {
    line.clear();
    let bound = u64::try_from(ROW_MAX_BYTES).unwrap_or(u64::MAX);
    if source.take(bound).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.len() < ROW_MAX_BYTES || line.ends_with(b"\n") {
        return Ok(Some(Length::Ok));
    }
    source.skip_until(b'\n')?;
    Ok(Some(Length::TooLong))
}

/// Parses the members of an object. The parser's own message may repeat a value, so only its place is kept.
fn members(line: &[u8]) -> Result<Vec<(String, Value)>, String> {
    if !line.starts_with(b"{") {
        return Err("Must be a JSON object".to_owned());
    }
    let parsed: Result<Members, _> = serde_json::from_slice(line);
    parsed
        .map(|members| members.0)
        .map_err(|error| format!("Is no JSON: an error at column {}", error.column()))
}

/// The members of an object, those that are there twice, too.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}
