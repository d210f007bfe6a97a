//! `latchkey`: what an operator does to the table of a deployment.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to the person who started it"
)]

mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use shared::env::{Env, process_variable};
use shared::table::Table;
use shared::users::Users;

/// Administers a Latchkey deployment. Region and credentials come from the environment (AWS_REGION, AWS_ACCESS_KEY_ID, …).
#[derive(Parser)]
#[command(name = "latchkey", version)]
struct Arguments {
    /// The table of users.
    #[arg(long, value_name = "NAME", global = true, default_value = "UsersTable")]
    table: String,
    /// The DynamoDB endpoint, if not AWS's: http://127.0.0.1:8000 for a running `cargo dev`, for which no credentials are needed.
    #[arg(long, value_name = "URL", global = true)]
    endpoint: Option<String>,
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Subcommand)]
enum Subject {
    /// Users and their scopes.
    #[command(subcommand)]
    User(user::Command),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(done) => {
            println!("{done}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<String, String> {
    let given = arguments.endpoint;
    let env = Env::new(|name| match name {
        "TABLE_NAME" => Some(arguments.table.clone()),
        "AWS_ENDPOINT_URL_DYNAMODB" => given.clone().or_else(|| process_variable(name)),
        // What is typed counts.
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" if given.is_some() => None,
        name => process_variable(name),
    });
    let table = Table::connect(&env).await.map_err(|error| error.to_string())?;
    match arguments.subject {
        Subject::User(command) => user::run(&Users::new(table), command).await,
    }
}
