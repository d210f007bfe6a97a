//! `latchkey`: what an operator does to a deployment.

mod aws_cli;
mod caller;
mod client;
mod deployment;
mod dev;
mod doctor;
mod explain;
mod export;
mod hash;
mod import;
mod keys;
mod members;
mod output;
mod pages;
mod password;
mod policy;
mod stack;
mod user;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use shared::clients::Clients;
use shared::logging;
use tokio::runtime::Runtime;

use output::{Done, print};

/// Administers a Latchkey deployment. Region and credentials come from the environment (AWS_REGION, AWS_ACCESS_KEY_ID, …) or from a
/// profile's keys (AWS_PROFILE); where you log in otherwise: eval "$(aws configure export-credentials --format env)".
#[derive(Parser)]
#[command(name = "latchkey", version)]
struct Arguments {
    #[command(flatten)]
    deployment: deployment::Options,
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Subcommand)]
enum Subject {
    /// Users: what they are called, their passwords, sessions and scopes.
    #[command(subcommand)]
    User(user::Command),
    /// Clients: programs that may ask for tokens.
    #[command(subcommand)]
    Client(client::Command),
    /// Imports users from NDJSON or CSV, with the hashes of their passwords. A row that is there with the same content is skipped, so that the
    /// command can be repeated. Prints a line for each row that is refused.
    #[command(after_help = "Example:\n  latchkey import users.ndjson --dry-run")]
    Import(import::Command),
    /// Exports all users, with the hashes of their passwords: one JSON object a line, sorted by id, as `import` reads them.
    #[command(after_help = "Example:\n  latchkey export --stack latchkey-prod > users.ndjson")]
    Export(export::Command),
    /// The signing keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Checks a deployment, or a running `cargo dev`: says what is wrong and what to type, and exits 0 where nothing is wrong.
    #[command(after_help = "Example:\n  latchkey doctor --stack latchkey-prod")]
    Doctor(doctor::Options),
    /// Prints the hash of the password on standard input, at the deployment's cost: that of its stack, or else by ARGON2_MEMORY_KIB,
    /// ARGON2_ITERATIONS and ARGON2_PARALLELISM.
    #[command(after_help = "Example:\n  latchkey hash < password")]
    Hash,
    /// Explains from the log why a request was refused.
    #[command(after_help = "Example:\n  latchkey explain 01KAY2Z3M4N5P6Q7R8S9T0V1W2 --stack latchkey-prod")]
    Explain(explain::Explained),
    /// Prints the IAM policy that commands need, and no more.
    #[command(after_help = "Example:\n  latchkey policy user list --stack latchkey-prod")]
    Policy(policy::Query),
    /// Prints the completions of a shell.
    #[command(
        after_help = "Example:\n  latchkey completions bash > ~/.local/share/bash-completion/completions/latchkey"
    )]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Prints the man page of a command.
    #[command(after_help = "Example:\n  latchkey man user create | man -l -")]
    Man {
        /// The command, such as `user create`; without one, latchkey itself.
        command: Vec<String>,
    },
    /// Prints docs/cli.md.
    #[command(hide = true)]
    Reference,
}

fn main() -> ExitCode {
    logging::init_for_commands();
    let arguments = Arguments::parse();
    let runtime = Runtime::new().map_err(|error| format!("the program cannot start: {error}"));
    let done = runtime.and_then(|runtime| runtime.block_on(run(arguments)));
    let Err(message) = done.and_then(|done| print(&done)) else {
        return ExitCode::SUCCESS;
    };
    // Where this cannot be written either, the exit code says it.
    let _unheard = writeln!(io::stderr(), "error: {message}");
    ExitCode::FAILURE
}

async fn run(arguments: Arguments) -> Result<Done, String> {
    let options = arguments.deployment;
    match arguments.subject {
        Subject::User(command) => user::run(&options.connect().await?, command).await,
        Subject::Client(command) => {
            let deployment = options.connect().await?;
            client::run(&Clients::new(deployment.table), command).await
        }
        Subject::Import(command) => import::run(&options.connect().await?, command).await,
        Subject::Export(command) => export::run(&options.connect().await?, command).await,
        Subject::Keys(command) => keys::run(&options.connect().await?, command).await,
        Subject::Doctor(checked) => doctor::run(&options.connect().await?, checked).await,
        Subject::Hash => hash::run(&options).await,
        Subject::Explain(explained) => explain::run(&options, explained).await,
        Subject::Policy(query) => policy::print(&options, &query),
        Subject::Completions { shell } => Ok(pages::completions(shell)),
        Subject::Man { command } => pages::man(&command),
        Subject::Reference => Ok(Done::repeatable(pages::reference())),
    }
}

/// Returns the command line as it is declared.
fn command() -> clap::Command {
    let mut command = Arguments::command();
    command.build();
    command
}
