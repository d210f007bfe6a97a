//! `latchkey import`: users from elsewhere, or from an export.

mod firebase;
mod input;
mod progress;
mod seen;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use clap::Args;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use shared::clock::{Clock, Timestamp};
use shared::error::Error;
use shared::passwords::{HashCost, LogInBudget, StoredHash};
use shared::users::{Imported, Refusal, Row, Users};

use crate::deployment::Deployment;
use crate::output::{self, Done};
use input::{Format, Input, Numbered};
use progress::Progress;
use seen::{Earlier, Seen};

/// How many transactions are under way at once.
const AT_ONCE: usize = 32;

#[derive(Args)]
pub(crate) struct Command {
    /// The file; - for standard input.
    file: String,
    /// How the rows are written; by default CSV for a file named *.csv, and NDJSON for any other.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Checks every row against the rules, the table and the rows before it, and writes nothing.
    #[arg(long)]
    dry_run: bool,
    /// A JSON file of Firebase Authentication's password hash parameters: base64_signer_key, base64_salt_separator, rounds and mem_cost. With it
    /// a row may have the member password_salt; that and password_hash are Firebase's salt and passwordHash.
    #[arg(long, value_name = "FILE")]
    firebase: Option<PathBuf>,
}

/// A row that is decided.
struct Decided {
    line: u64,
    /// `None` for one that could not be read.
    row: Option<Row>,
    keys: Vec<String>,
    outcome: Result<Outcome, String>,
}

enum Outcome {
    /// The format of the hash, where it is dearer than the budget of a log-in.
    New(Option<&'static str>),
    Same,
    /// The same but for the hash, which is newer than the row's.
    Newer,
    Refused(String),
}

#[derive(Default)]
struct Counts {
    new: u64,
    same: u64,
    /// Of these, the users whose hash is newer than the row's.
    newer: u64,
    refused: u64,
    /// The new users whose hash is dearer than the budget of a log-in, by format.
    dear: BTreeMap<&'static str, u64>,
}

/// Runs the command, which prints each row that is refused and then how many there were.
pub(crate) async fn run(deployment: &Deployment, command: Command) -> Result<Done, String> {
    let cost = HashCost::read(&deployment.env()).map_err(|error| error.to_string())?;
    let users = &Users::new(deployment.table.clone().patient());
    let firebase = command.firebase.as_deref().map(firebase::read).transpose()?;
    let mut input = Input::open(&command.file, command.format, firebase)?;
    let progress = Progress::new(input.size);
    let mut counts = Counts::default();
    let run = Run {
        users,
        dry_run: command.dry_run,
        cost,
        now: Clock::system().now(),
    };
    let result = run.all(&mut input, &progress, &mut counts).await;
    progress.finish();
    result?;
    counts.summary(command.dry_run)
}

/// Returns what two rows must not have in common at one time.
fn keys(row: &Row) -> Vec<String> {
    let id = row.id.as_ref().map(|id| format!("id {}", id.as_str()));
    let names = row.profile.names();
    // An e-mail address has an @, and a username has none.
    let names = names.iter().map(|name| format!("name {}", name.as_str()));
    id.into_iter().chain(names).collect()
}

/// Reports whether the hash of a user who is there is newer than a row's: a log-in here makes one of this service's own.
fn is_newer(own_cost: Option<HashCost>, row: &Row) -> bool {
    own_cost.is_some_and(|cost| row.hash.as_ref().is_none_or(|hash| hash.is_weaker_than(cost)))
}

/// What all rows of a run have in common.
struct Run<'a> {
    users: &'a Users,
    dry_run: bool,
    cost: HashCost,
    now: Timestamp,
}

impl Run<'_> {
    /// Reads and decides all rows, several at once.
    async fn all(&self, input: &mut Input, progress: &Progress, counts: &mut Counts) -> Result<(), String> {
        let mut seen = self.dry_run.then(Seen::default);
        let mut under_way = FuturesOrdered::new();
        let mut busy: HashSet<String> = HashSet::new();
        let mut next: Option<(Numbered, Vec<String>)> = None;
        let mut is_read = false;
        // Where the last user was there already, so is the next one, most likely: then a comparison comes before a transaction that would fail.
        let mut is_repeated = false;
        loop {
            // Of two rows of one name, the first one gets it: the second one waits.
            let is_free = |keys: &[String]| !keys.iter().any(|key| busy.contains(key));
            if let Some((row, keys)) = next.take_if(|(_, keys)| is_free(keys)) {
                busy.extend(keys.iter().cloned());
                let earlier = match (&seen, &row.row) {
                    (Some(seen), Ok(row)) => seen.compare(row),
                    _ => None,
                };
                under_way.push_back(self.decide(row, keys, earlier, is_repeated));
            }
            let has_room = under_way.len() < AT_ONCE && next.is_none();
            tokio::select! {
                row = input.next(), if has_room && !is_read => match row? {
                    Some(row) => {
                        let keys = row.row.as_ref().map(keys).unwrap_or_default();
                        next = Some((row, keys));
                    }
                    None => is_read = true,
                },
                Some(decided) = under_way.next(), if !under_way.is_empty() => {
                    for key in &decided.keys {
                        busy.remove(key);
                    }
                    if let (Some(seen), Some(row), Ok(Outcome::New(_))) = (&mut seen, &decided.row, &decided.outcome) {
                        seen.add(row, &row.record(self.now).map_err(|error| error.to_string())?);
                    }
                    is_repeated = matches!(decided.outcome, Ok(Outcome::Same | Outcome::Newer));
                    counts.add(decided, progress)?;
                    progress.step(counts, input.bytes_read());
                }
                else => return Ok(()),
            }
        }
    }

    async fn decide(
        &self,
        Numbered { line, row }: Numbered,
        keys: Vec<String>,
        earlier: Option<Earlier>,
        is_repeated: bool,
    ) -> Decided {
        let outcome = match (&row, earlier) {
            (Err(why), _) => Ok(Outcome::Refused(why.clone())),
            (Ok(_), Some(Earlier::Same)) => Ok(Outcome::Same),
            (Ok(_), Some(Earlier::Newer)) => Ok(Outcome::Newer),
            (Ok(_), Some(Earlier::Has(member))) => {
                Ok(Outcome::Refused(format!("{member}: An earlier line has it")))
            }
            (Ok(row), None) => match self.write(row, is_repeated).await {
                Ok(imported) => Ok(self.outcome(row, imported)),
                Err(error) => Err(error.to_string()),
            },
        };
        let row = row.ok();
        Decided {
            line,
            row,
            keys,
            outcome,
        }
    }

    fn outcome(&self, row: &Row, imported: Imported) -> Outcome {
        let refusal = match imported {
            Imported::New => return Outcome::New(self.dear_format(row)),
            Imported::Same => return Outcome::Same,
            Imported::OtherHash(ref stored)
                if is_newer(stored.as_ref().and_then(StoredHash::own_cost), row) =>
            {
                return Outcome::Newer;
            }
            Imported::OtherHash(_) => Refusal::Differs(vec!["password_hash"]),
            Imported::Refused(refusal) => refusal,
        };
        Outcome::Refused(refusal.to_string())
    }

    async fn write(&self, row: &Row, is_repeated: bool) -> Result<Imported, Error> {
        if self.dry_run || is_repeated {
            let compared = self.users.compare(row).await?;
            if self.dry_run || compared != Imported::New {
                return Ok(compared);
            }
        }
        self.users.import(row, self.now).await
    }

    /// Returns the format of a hash that takes longer than the default budget of a log-in.
    fn dear_format(&self, row: &Row) -> Option<&'static str> {
        let hash = row.hash.as_ref()?;
        LogInBudget::is_exceeded_by(hash, self.cost).then(|| hash.format())
    }
}

impl Counts {
    fn add(&mut self, Decided { line, outcome, .. }: Decided, progress: &Progress) -> Result<(), String> {
        match outcome {
            Ok(Outcome::New(dear)) => {
                self.new += 1;
                if let Some(format) = dear {
                    *self.dear.entry(format).or_default() += 1;
                }
            }
            Ok(Outcome::Same) => self.same += 1,
            Ok(Outcome::Newer) => {
                self.same += 1;
                self.newer += 1;
            }
            Ok(Outcome::Refused(why)) => {
                self.refused += 1;
                progress.print(&format!("line {line}: {why}"))?;
            }
            Err(error) => {
                let remedy = "repeat the command, which skips the users that are there";
                return Err(format!("line {line}: {error}; {remedy}"));
            }
        }
        Ok(())
    }

    fn rows(&self) -> u64 {
        self.new + self.same + self.refused
    }

    fn line(&self) -> String {
        let Self {
            new, same, refused, ..
        } = self;
        format!(
            "rows: {}, new: {new}, there already: {same}, refused: {refused}",
            self.rows()
        )
    }

    fn summary(&self, dry_run: bool) -> Result<Done, String> {
        let mut text = self.line();
        if dry_run {
            text.push_str("; nothing was written");
        }
        text.push('\n');
        if self.newer > 0 {
            let newer = self.newer;
            text.push_str(&format!(
                "users whose hash here is newer than the row's, and stays: {newer}\n"
            ));
        }
        if !self.dear.is_empty() {
            let dear = self
                .dear
                .iter()
                .map(|(format, count)| format!("{format}: {count}"));
            let dear: Vec<String> = dear.collect();
            text.push_str(&format!(
                "hashes that take longer than the default budget of a log-in: {}; set LoginBudgetMs until their users have logged in \
                 (docs/data.md, \"What an imported hash costs\")\n",
                dear.join(", ")
            ));
        }
        let done = Done::repeatable(text);
        if self.refused == 0 {
            return Ok(done);
        }
        output::print(&done)?;
        Err(format!("rows were refused: {}", self.refused))
    }
}
