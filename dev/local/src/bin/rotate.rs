//! `cargo rotate`: rotates the signing keys of a running `cargo dev`, or drops one that was compromised.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to the person who started it"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use local::rotation::{self, Command};
use shared::clock::Clock;
use shared::env::process_variable;

/// Rotates the signing keys of a running `cargo dev`. Reads its times from the same variables as the service:
/// KEY_LEAD_SECONDS, KEY_ROTATION_SECONDS, ACCESS_TOKEN_SECONDS, KEY_KIND.
#[derive(Parser)]
#[command(name = "cargo rotate", bin_name = "cargo rotate")]
struct Arguments {
    /// Drop this compromised key at once instead; `*` for every key.
    #[arg(long, value_name = "KID")]
    compromised: Option<String>,
    /// Where the service keeps its signing keys.
    #[arg(long, default_value = ".local")]
    data_dir: PathBuf,
    /// Where the service's DynamoDB is.
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    dynamodb_endpoint: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let command = arguments.compromised.map_or(Command::Rotate, Command::DropKey);
    let folder = arguments.data_dir;
    match rotation::run(
        command,
        &folder,
        arguments.dynamodb_endpoint,
        process_variable,
        Clock::system(),
    )
    .await
    {
        Ok(ring) => {
            for key in ring.keys {
                println!("{key}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
