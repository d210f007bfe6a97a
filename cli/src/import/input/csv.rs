//! Rows as comma-separated values (RFC 4180), whose first line names the members. An empty value is none.

mod rows;

use std::io::BufRead;

use serde_json::Value;

use super::Sink;
use crate::members;
use rows::Rows;

/// Sends the rows, until the input ends or no one waits for more.
pub(super) fn read(source: impl BufRead, sink: &Sink) {
    let mut rows = Rows::new(source);
    let names = match rows.next() {
        Ok(true) => header(&rows, sink),
        Ok(false) => return,
        Err(error) => Err(error.to_string()),
    };
    let names = match names {
        Ok(names) => names,
        Err(why) => return sink.fail(format!("line {}: {why}", rows.line())),
    };
    loop {
        match rows.next() {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return sink.fail(format!("line {} cannot be read: {error}", rows.line())),
        }
        let members = rows.values().and_then(|values| members(&names, &values));
        if !sink.send(rows.line(), members) {
            return;
        }
    }
}

fn header(rows: &Rows<impl BufRead>, sink: &Sink) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = Vec::new();
    for name in rows.values()? {
        let name = str::from_utf8(name).map_err(|_| "Must be UTF-8")?.trim();
        members::check_name(name, sink.firebase.as_ref())?;
        if names.iter().any(|other| other == name) {
            return Err(format!("{name}: Is there twice"));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn members(names: &[String], values: &[&[u8]]) -> Result<Vec<(String, Value)>, String> {
    if values.len() != names.len() {
        let (has, needs) = (values.len(), names.len());
        return Err(format!("Has {has} values, and the first line names {needs}"));
    }
    let given = names.iter().zip(values).filter(|(_, value)| !value.is_empty());
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
