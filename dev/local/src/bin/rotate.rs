//! `cargo rotate`: rotates the signing keys of a running `cargo dev`, or drops one that was compromised.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to the person who started it"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use local::DYNAMODB_URL;
use local::data::default_folder;
use local::rotation::{self, Command};
use shared::clock::Clock;
use shared::env::{AWS_ENDPOINT_URL_DYNAMODB, process_variable};

/// Rotates the signing keys of a running `cargo dev`. Reads its times from the same variables as the service:
/// KEY_LEAD_SECONDS, KEY_ROTATION_SECONDS, ACCESS_TOKEN_SECONDS, SESSION_SECONDS, KEY_KIND.
#[derive(Parser)]
#[command(name = "cargo rotate", bin_name = "cargo rotate", version)]
struct Arguments {
    /// Drop this compromised key at once instead; `*` for every key.
    #[arg(long, value_name = "KID")]
    compromised: Option<String>,
    /// Where the service keeps its signing keys.
    #[arg(long, default_value_os_t = default_folder())]
    data_dir: PathBuf,
    /// Where the service's DynamoDB is; AWS_ENDPOINT_URL_DYNAMODB says it, too [default: http://127.0.0.1:8000]
    #[arg(long)]
    endpoint_url: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let command = arguments.compromised.map_or(Command::Rotate, Command::DropKey);
    let folder = arguments.data_dir;
    let endpoint = arguments
        .endpoint_url
        .or_else(|| process_variable(AWS_ENDPOINT_URL_DYNAMODB.name))
        .filter(|endpoint| !endpoint.is_empty())
        .unwrap_or_else(|| DYNAMODB_URL.to_owned());
    match rotation::run(command, &folder, endpoint, process_variable, Clock::system()).await {
        Ok(changed) => {
            for key in changed.ring.keys {
                println!("{key}");
            }
            // Not among the keys, which a program may read.
            eprintln!("{}", changed.seen);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
