//! `latchkey keys`: the signing keys of a deployment, or of a running `cargo dev`.

mod deployed;
mod list;
mod local;

use std::io::{self, Write};

use clap::{Args, Subcommand};
use shared::clock::Clock;
use shared::keys::PublishedStore;

use crate::deployment::Deployment;
use crate::output::{Done, Output};
use local::Local;

/// What an emergency calls every key.
const EVERY_KEY: &str = "*";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Shows the published keys: since when each is published, from when it signs, when it leaves. The private keys are never shown.
    #[command(after_help = "Example:\n  latchkey keys show --output json")]
    Show {
        #[command(flatten)]
        output: Output,
    },
    /// Rotates the keys: a new one is published, and signs in its turn. Shows the keys afterwards.
    #[command(after_help = "Example:\n  latchkey keys rotate --stack latchkey-prod")]
    Rotate(Rotate),
    /// Drops a compromised key, or all of them if their ring was read: its tokens are rejected, and another key signs. Repeat it where it
    /// failed half-way, which is safe. Shows the keys afterwards.
    #[command(after_help = "Example:\n  latchkey keys drop 01KAY2Z3M4N5P6Q7R8S9T0V1W2 --stack latchkey-prod")]
    Drop(DropKey),
}

#[derive(Args)]
pub(crate) struct Rotate {
    /// On AWS without --stack: the secret of the key ring, which is the stack's output SigningKeysSecret.
    #[arg(long, value_name = "ARN")]
    secret: Option<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub(crate) struct DropKey {
    /// The key's id: `kid` in the header of its tokens, or that of a session key.
    // One id of 64 begins with a hyphen; options have precedence.
    #[arg(required_unless_present = "all", value_parser = key_id, allow_hyphen_values = true)]
    kid: Option<String>,
    /// Drops every key, session keys too: every session ends.
    #[arg(long, conflicts_with = "kid")]
    all: bool,
    /// On AWS without --stack: the function that does it, which is the stack's output RotateKeysFunction.
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    #[command(flatten)]
    output: Output,
}

/// Accepts what an id may be: base64url, or a ULID. What a shell makes of `*` is none.
fn key_id(typed: &str) -> Result<String, String> {
    let is_of_an_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if typed.is_empty() || !typed.bytes().all(is_of_an_id) {
        return Err("it is letters, digits, - and _ alone".to_owned());
    }
    Ok(typed.to_owned())
}

/// Runs a command, which shows the keys afterwards.
pub(crate) async fn run(deployment: &Deployment, command: Command) -> Result<Done, String> {
    let output = match command {
        Command::Show { output } => output,
        Command::Rotate(Rotate { secret, output }) => {
            match deployment.output(secret, "SigningKeysSecret")? {
                Some(secret) => deployed::rotate(deployment, &secret).await?,
                None => Local::find(deployment, "--secret").await?.rotate().await?,
            }
            output
        }
        Command::Drop(DropKey {
            kid,
            all,
            function,
            output,
        }) => {
            let kid = kid.filter(|_| !all).unwrap_or_else(|| EVERY_KEY.to_owned());
            match deployment.output(function, "RotateKeysFunction")? {
                Some(function) => deployed::drop_key(&function, &kid)?,
                None => {
                    Local::find(deployment, "--function")
                        .await?
                        .drop_key(&kid)
                        .await?
                }
            }
            output
        }
    };
    let published = PublishedStore::new(deployment.table.clone()).read().await;
    let published = published.map_err(|error| error.to_string())?;
    let keys = list::shown(&published.value, Clock::system().now());
    Ok(Done::repeatable(output.list(&keys, true)?))
}

/// Writes a sentence beside the keys, which a program may read.
fn say(sentence: &str) {
    // What was done is done, whether or not this is read.
    let _unheard = writeln!(io::stderr(), "{sentence}");
}
