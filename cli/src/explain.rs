//! `latchkey explain`: why a request was refused, from the log.

mod deployed;
mod reason;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;
use shared::logging::LOG_FILE;

use crate::deployment::Options;
use crate::output::{Done, visible};

/// How a problem document writes the id.
const URN: &str = "urn:request:";

#[derive(Args)]
pub(crate) struct Explained {
    /// The request's id: the header apigw-requestid of its response, or `instance` of a problem document.
    #[arg(value_parser = request_id)]
    request_id: String,
    /// A file of log lines in JSON, or - for standard input [default: the log groups of --stack, or the log of a running `cargo dev`]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// How far back the log groups of --stack are read, in hours.
    #[arg(long, value_name = "NUMBER", default_value_t = 24)]
    hours: u32,
}

/// Accepts what an id may be: API Gateway's are base64.
fn request_id(typed: &str) -> Result<String, String> {
    let id = typed.strip_prefix(URN).unwrap_or(typed);
    let is_of_an_id = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte);
    if id.is_empty() || !id.bytes().all(is_of_an_id) {
        return Err("it is letters, digits and + / = - _ alone".to_owned());
    }
    Ok(id.to_owned())
}

/// Prints what the log says of the request, a line each.
pub(crate) async fn run(options: &Options, explained: Explained) -> Result<Done, String> {
    let Explained {
        request_id,
        log,
        hours,
    } = explained;
    let (lines, place) = if log.is_none() && options.stack.is_some() {
        let deployment = options.connect().await?;
        let lines = deployed::lines(&deployment, &request_id, hours).await?;
        (lines, format!("the log groups, back to {hours} hours ago,"))
    } else {
        let log = log.unwrap_or_else(|| options.data_dir().join(LOG_FILE));
        (of_file(&log, &request_id)?, log.display().to_string())
    };
    if lines.is_empty() {
        return Err(format!(
            "no line of {place} has this id. A request that succeeded may leave none; is it the right log, and does it reach back so far?"
        ));
    }
    Ok(Done::repeatable(explanation(&lines, &options.program())))
}

/// Returns the lines of a request. Those that are no JSON, of another program, are left out.
fn of_file(file: &Path, id: &str) -> Result<Vec<Value>, String> {
    let failed = |error: io::Error| {
        let remedy = "start `cargo dev`, or name a file of log lines by --log";
        format!("{} cannot be read ({error}): {remedy}", file.display())
    };
    let lines: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(failed)?))
    };
    let mut found = Vec::new();
    for line in lines.split(b'\n') {
        let line = line.map_err(failed)?;
        found.extend(serde_json::from_slice(&line).ok().filter(|line| is_of(line, id)));
    }
    Ok(found)
}

/// Reports whether a line is of a request: of a function, or of the access log.
fn is_of(line: &Value, id: &str) -> bool {
    ["request_id", "requestId"]
        .iter()
        .any(|member| line.get(*member).and_then(Value::as_str) == Some(id))
}

/// Writes each line with what it means, and what to do where nothing says why.
fn explanation(lines: &[Value], program: &str) -> String {
    let mut text = String::new();
    let mut is_explained = false;
    for line in lines {
        let meaning = reason::of(line);
        is_explained |= meaning.is_some();
        let time = ["timestamp", "time"].iter().find_map(|name| line[*name].as_str());
        let what = match (line["message"].as_str(), line["routeKey"].as_str()) {
            (Some(message), _) => message.to_owned(),
            (None, Some(route)) => format!("{route} {}", line["status"].as_str().unwrap_or_default()),
            (None, None) => "a line without a message".to_owned(),
        };
        let lines = [
            Some(format!("{}  {what}", time.unwrap_or("-"))),
            meaning.map(|meaning| format!("    {meaning}")),
        ];
        for line in lines.into_iter().flatten() {
            text += &visible(&line.replace("`latchkey ", &format!("`{program} ")));
            text.push('\n');
        }
    }
    if !is_explained {
        text += "    Nothing more is logged: the response says why, by its status and its body (docs/http-api.md, \"Errors\").\n";
    }
    text
}
