//! `latchkey keys`: the signing keys of a deployment, or of a running `cargo dev`.

mod deployed;
mod list;
mod local;

use std::io::{self, Write};

use clap::{Args, Subcommand};
use shared::clock::Clock;
use shared::env::Env;
use shared::keys::PublishedStore;
use shared::table::Table;

use crate::Done;
use crate::place::Place;
use local::Local;

/// What an emergency calls every key.
const EVERY_KEY: &str = "*";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Shows the published keys: id, algorithm, state, since when it is published, from when it signs, when it leaves; separated by
    /// tabs. The private keys are never shown.
    Show,
    /// Rotates the keys: a new one is published, and signs in its turn.
    Rotate(Rotate),
    /// Drops a compromised key, or all of them if their ring was read: its tokens are rejected, and another key signs. It may be repeated,
    /// and must be where it failed.
    Drop(DropKey),
}

#[derive(Args)]
pub(crate) struct Rotate {
    /// On AWS: the secret of the key ring, which is the stack's output SigningKeysSecret.
    #[arg(long, value_name = "ARN")]
    secret: Option<String>,
}

#[derive(Args)]
pub(crate) struct DropKey {
    /// The key's id: `kid` in the header of its tokens, or that of a session key.
    #[arg(required_unless_present = "all")]
    kid: Option<String>,
    /// Drops every key, session keys too: every session ends.
    #[arg(long, conflicts_with = "kid")]
    all: bool,
    /// On AWS: the function that does it, which is the stack's output RotateKeysFunction.
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
}

/// Runs a command, which prints the keys afterwards.
pub(crate) async fn run(
    env: &Env<'_>,
    table: Table,
    place: &Place,
    command: Command,
) -> Result<Done, String> {
    let published = PublishedStore::new(table.clone());
    match command {
        Command::Show => {}
        Command::Rotate(Rotate { secret }) => match place.output(secret, "SigningKeysSecret") {
            Some(secret) => deployed::rotate(env, &secret).await?,
            None => Local::find(table, place, "--secret").await?.rotate().await?,
        },
        Command::Drop(DropKey { kid, all, function }) => {
            let kid = kid.filter(|_| !all).unwrap_or_else(|| EVERY_KEY.to_owned());
            match place.output(function, "RotateKeysFunction") {
                Some(function) => deployed::drop_key(&function, &kid)?,
                None => {
                    Local::find(table, place, "--function")
                        .await?
                        .drop_key(&kid)
                        .await?
                }
            }
        }
    }
    let read = published.read().await.map_err(|error| place.explained(&error))?;
    Ok(Done::repeatable(list::lines(&read.value, Clock::system().now())))
}

/// Writes a sentence beside the keys, which a program may read.
fn say(sentence: &str) {
    // What was done is done, whether or not this is read.
    let _unheard = writeln!(io::stderr(), "{sentence}");
}
