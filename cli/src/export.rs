//! `latchkey export`: all users, for an import here or elsewhere.

mod django;
mod keycloak;
mod sorter;
mod supabase;

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use shared::users::{Record, Users};

use crate::deployment::Deployment;
use crate::members;
use crate::output::{self, Done};
use sorter::Sorter;

/// How much is printed at once, in bytes.
const PIECE_BYTES: usize = 1 << 16;

#[derive(Args)]
pub(crate) struct Command {
    /// Writes what this system imports, in place of what `latchkey import` reads.
    #[arg(long = "for", value_enum, value_name = "SYSTEM")]
    system: Option<System>,
}

/// A system that users move to.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum System {
    /// The body of Keycloak's partial import.
    Keycloak,
    /// A body a line for Supabase's `POST /auth/v1/admin/users`.
    Supabase,
    /// A fixture for Django's `loaddata`, with the ending .jsonl.
    Django,
}

/// A user as another system has one.
struct Foreign {
    line: String,
    /// What had no place there.
    lost: Vec<&'static str>,
}

/// Runs the command. The table is read in its own order and sorted beside it, in little memory.
pub(crate) async fn run(deployment: &Deployment, command: Command) -> Result<Done, String> {
    let users = Users::new(deployment.table.clone().patient());
    let mut sorter = Sorter::default();
    let mut lost = 0_u64;
    let mut pages = users.records();
    while let Some(page) = pages.next().await.map_err(|error| error.to_string())? {
        for (id, record) in page {
            let is_nameless = |record: &Record| record.user.profile.names().is_empty();
            if record.as_ref().is_ok_and(is_nameless) {
                // No user yet, and none that is lost.
                let _unheard = writeln!(io::stderr(), "user {id}: left out: its address is not proved yet");
                continue;
            }
            let written = match &record {
                Ok(record) => write(command.system, record),
                Err(error) => Err(error.to_string()),
            };
            let problem = match written {
                Ok(Foreign { line, lost }) => {
                    sorter.push(id.clone(), line).map_err(|error| unsorted(&error))?;
                    (!lost.is_empty()).then(|| format!("without {}", lost.join(" and ")))
                }
                Err(why) => Some(format!("left out: {why}")),
            };
            if let Some(problem) = problem {
                lost += 1;
                // The exit code says that there was one.
                let _unheard = writeln!(io::stderr(), "user {id}: {problem}");
            }
        }
    }
    let Some(written) = print(sorter, command.system)? else {
        return Ok(Done::repeatable(String::new()));
    };
    let summary = format!("users exported: {written}");
    if lost > 0 {
        return Err(format!("{summary}, not whole or left out: {lost}"));
    }
    let _unheard = writeln!(io::stderr(), "{summary}");
    Ok(Done::repeatable(String::new()))
}

/// Writes one user; an error says why that is impossible.
fn write(system: Option<System>, record: &Record) -> Result<Foreign, String> {
    let no_json = |error: serde_json::Error| error.to_string();
    match system {
        None => {
            let line = members::write(record).map_err(no_json)?;
            Ok(Foreign {
                line,
                lost: Vec::new(),
            })
        }
        Some(System::Keycloak) => keycloak::write(record).map_err(no_json),
        Some(System::Supabase) => supabase::write(record),
        Some(System::Django) => django::write(record),
    }
}

/// Prints the users and returns their number; `None` where no one reads all of them.
fn print(sorter: Sorter, system: Option<System>) -> Result<Option<u64>, String> {
    let (beginning, between, end) = match system {
        Some(System::Keycloak) => ("{\"ifResourceExists\":\"SKIP\",\"users\":[\n", ",\n", "\n]}\n"),
        _ => ("", "\n", "\n"),
    };
    let mut piece = beginning.to_owned();
    let mut count = 0;
    for line in sorter.sorted().map_err(|error| unsorted(&error))? {
        if count > 0 {
            piece.push_str(between);
        }
        piece.push_str(&line.map_err(|error| unsorted(&error))?);
        count += 1;
        if piece.len() >= PIECE_BYTES {
            if !output::stream(&piece)? {
                return Ok(None);
            }
            piece.clear();
        }
    }
    if count > 0 || !beginning.is_empty() {
        piece.push_str(end);
    }
    Ok(output::stream(&piece)?.then_some(count))
}

fn unsorted(error: &io::Error) -> String {
    format!("the users could not be sorted in a temporary file (TMPDIR names its folder): {error}")
}
