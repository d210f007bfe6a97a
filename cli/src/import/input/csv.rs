//! Rows as comma-separated values (RFC 4180), whose first line names the members. An empty value is none.

use std::io::Read;

use csv::{ByteRecord, Reader, ReaderBuilder};
use serde_json::Value;

use super::metered::Metered;
use super::{ROW_MAX_BYTES, Sink};
use crate::members;

/// Sends the rows, until the input ends or no one waits for more.
pub(super) fn read(mut source: Metered<impl Read>, sink: &Sink) {
    source.allow(ROW_MAX_BYTES);
    // A row that has another number of values is reported by its line, and the next ones are read.
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(source);
    let names = match header(&mut reader, sink) {
        Ok(names) => names,
        Err(error) => return sink.fail(error),
    };
    let mut record = ByteRecord::new();
    loop {
        reader.get_mut().allow(ROW_MAX_BYTES);
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                let line = reader.position().line();
                return sink.fail(format!("line {line} cannot be read: {error}"));
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        if !sink.send(line, members(&names, &record)) {
            return;
        }
    }
}

fn header<R: Read>(reader: &mut Reader<R>, sink: &Sink) -> Result<Vec<String>, String> {
    let headers = reader
        .headers()
        .map_err(|error| format!("the first line cannot be read: {error}"))?;
    let names: Vec<String> = headers.iter().map(|name| name.trim().to_owned()).collect();
    for name in &names {
        let checked = members::check_name(name, sink.firebase.as_ref());
        checked.map_err(|why| format!("line 1: {why}"))?;
    }
    let is_twice = |(index, name): &(usize, &String)| names.iter().take(*index).any(|other| other == *name);
    match names.iter().enumerate().find(is_twice) {
        Some((_, name)) => Err(format!("line 1: {name}: Is there twice")),
        None => Ok(names),
    }
}

fn members(names: &[String], record: &ByteRecord) -> Result<Vec<(String, Value)>, String> {
    if record.len() != names.len() {
        let (has, needs) = (record.len(), names.len());
        return Err(format!("Has {has} values, and the first line names {needs}"));
    }
    let given = names.iter().zip(record).filter(|(_, value)| !value.is_empty());
    given
        .map(|(name, value)| {
            let text = str::from_utf8(value).map_err(|_| format!("{name}: Must be UTF-8"))?;
            Ok((name.clone(), typed(name, text)))
        })
        .collect()
}

/// Returns a value with the type that its member has in JSON. Any other text is left to the rule of the member.
fn typed(name: &str, text: &str) -> Value {
    match (name, text) {
        ("disabled", "true") => Value::Bool(true),
        ("disabled", "false") => Value::Bool(false),
        ("scopes", scopes) => scopes.split(' ').map(Value::from).collect(),
        _ => Value::from(text),
    }
}
