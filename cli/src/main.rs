//! `latchkey`: what an operator does to the table of a deployment.

mod caller;
mod client;
mod doctor;
mod explain;
mod export;
mod hash;
mod import;
mod keys;
mod members;
mod place;
mod user;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, Subcommand};
use shared::aws;
use shared::clients::Clients;
use shared::env::{AWS_ENDPOINT_URL_DYNAMODB, Env, Form, process_variable};
use shared::passwords::HashCost;
use shared::table::Table;
use shared::users::Users;

use place::Place;

/// Administers a Latchkey deployment. Region and credentials come from the environment (AWS_REGION, AWS_ACCESS_KEY_ID, …) or from a
/// profile's keys (AWS_PROFILE); where you log in otherwise: eval "$(aws configure export-credentials --format env)".
#[derive(Parser)]
#[command(name = "latchkey", version)]
struct Arguments {
    /// The table of users.
    #[arg(long, value_name = "NAME", global = true, default_value = "UsersTable", value_parser = NonEmptyStringValueParser::new())]
    table: String,
    /// The DynamoDB endpoint, if not AWS's: http://127.0.0.1:8000 for a running `cargo dev`. Credentials are made up for it unless
    /// AWS_ACCESS_KEY_ID or AWS_PROFILE is set.
    #[arg(long, value_name = "URL", global = true, overrides_with = "endpoint", value_parser = endpoint)]
    endpoint: Option<String>,
    /// The deployment's stack.
    #[arg(long, value_name = "NAME", global = true, value_parser = NonEmptyStringValueParser::new())]
    stack: Option<String>,
    /// The folder of a running `cargo dev` [default: the nearest .local, in the current folder or above it]
    #[arg(long, value_name = "FOLDER", global = true)]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Subcommand)]
enum Subject {
    /// Users and their scopes.
    #[command(subcommand)]
    User(user::Command),
    /// Clients: programs that may ask for tokens.
    #[command(subcommand)]
    Client(client::Command),
    /// Imports users from NDJSON or CSV, with the hashes of their passwords. A row that is there with the same content is skipped, so that the
    /// command can be repeated. Prints a line for each row that is refused.
    #[command(after_help = "Example:\n  latchkey import users.ndjson --table UsersTable --dry-run")]
    Import(import::Command),
    /// Exports all users, with the hashes of their passwords: one JSON object a line, sorted by id, as `import` reads them.
    #[command(after_help = "Example:\n  latchkey export --table UsersTable > users.ndjson")]
    Export(export::Command),
    /// The signing keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Checks a deployment, or a running `cargo dev`: says what is wrong and what to type, and exits 0 where nothing is wrong.
    Doctor(doctor::Options),
    /// Prints the hash of the password on standard input, at today's cost: ARGON2_MEMORY_KIB, ARGON2_ITERATIONS, ARGON2_PARALLELISM.
    Hash,
    /// Explains from the log why a request was refused.
    Explain(explain::Options),
}

fn endpoint(typed: &str) -> Result<String, String> {
    let form = AWS_ENDPOINT_URL_DYNAMODB.form;
    match form.parse(typed) {
        Some(Some(_)) => Ok(typed.to_owned()),
        _ => Err(form.rule()),
    }
}

/// What a command did.
struct Done {
    /// What it prints, in whole lines.
    text: String,
    /// What to say where that cannot be printed.
    unprinted: String,
}

impl Done {
    /// Creates what can be printed again by the same command.
    fn repeatable(text: String) -> Self {
        let unprinted = "the command can be repeated".to_owned();
        Self { text, unprinted }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = run(Arguments::parse()).await;
    let Err(message) = done.and_then(|done| print(&done)) else {
        return ExitCode::SUCCESS;
    };
    // Where this cannot be written either, the exit code says it.
    let _unheard = writeln!(io::stderr(), "error: {message}");
    ExitCode::FAILURE
}

/// Prints without the macro, which panics where it cannot: what was done is done, and a secret is lost.
fn print(done: &Done) -> Result<(), String> {
    let mut stdout = io::stdout();
    let printed = stdout
        .write_all(done.text.as_bytes())
        .and_then(|()| stdout.flush());
    printed.map_err(|error| format!("the output could not be written ({error}); {}", done.unprinted))
}

async fn run(arguments: Arguments) -> Result<Done, String> {
    let given = arguments.endpoint;
    let env = Env::new(|name| match name {
        "TABLE_NAME" => Some(arguments.table.clone()),
        "AWS_ENDPOINT_URL_DYNAMODB" => given.clone().or_else(|| process_variable(name)),
        // What is typed counts.
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" if given.is_some() => None,
        name => process_variable(name),
    });
    let place = Place {
        endpoint: aws::endpoint(&env, &AWS_ENDPOINT_URL_DYNAMODB).map_err(|error| error.to_string())?,
        data_dir: arguments.data_dir,
        stack: arguments.stack,
        outputs: BTreeMap::new(),
    };
    match arguments.subject {
        Subject::User(command) => user::run(&Users::new(table(&env).await?), command).await,
        Subject::Client(command) => client::run(&Clients::new(table(&env).await?), command).await,
        Subject::Import(command) => {
            let cost = HashCost::read(&env).map_err(|error| error.to_string())?;
            import::run(&Users::new(table(&env).await?.patient()), command, cost).await
        }
        Subject::Export(command) => export::run(&Users::new(table(&env).await?.patient()), command).await,
        Subject::Keys(command) => keys::run(&env, table(&env).await?, &place, command).await,
        Subject::Doctor(options) => doctor::run(&env, table(&env).await?, &place, options).await,
        Subject::Hash => hash::run(&env).await,
        Subject::Explain(options) => explain::run(&place, options),
    }
}

async fn table(env: &Env<'_>) -> Result<Table, String> {
    let caller = caller::find(env, &[&AWS_ENDPOINT_URL_DYNAMODB]).await?;
    Table::connect_as(env, caller).map_err(|error| error.to_string())
}
