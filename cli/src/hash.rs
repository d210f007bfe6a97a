//! `latchkey hash`: the hash of a password at today's cost.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;

use shared::env::Env;
use shared::passwords::{HashCost, Hasher, PasswordRule};

use crate::Done;

/// More than the longest password, which the rule rejects.
const MOST_BYTES: u64 = 4096;

/// Hashes the password of standard input, without the end of its line.
pub(crate) async fn run(env: &Env<'_>) -> Result<Done, String> {
    let hasher = Hasher::new(HashCost::read(env).map_err(|error| error.to_string())?);
    let rule = PasswordRule::read(env).map_err(|error| error.to_string())?;
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let _unheard = writeln!(
            io::stderr(),
            "Type the password, which is shown, and end by Enter and Ctrl-D:"
        );
    }
    let mut typed = String::new();
    stdin
        .take(MOST_BYTES)
        .read_to_string(&mut typed)
        .map_err(|error| format!("the password could not be read: {error}"))?;
    let line = typed.strip_suffix('\n').unwrap_or(&typed).len();
    typed.truncate(line);
    if typed.ends_with('\r') {
        typed.pop();
    }
    let password = rule
        .choose(typed, [])
        .map_err(|violation| format!("the password: {}", violation.message))?;
    let hash = hasher.hash(Arc::new(password)).await;
    let hash = hash.map_err(|error| error.to_string())?;
    Ok(Done::repeatable(format!("{}\n", hash.as_str())))
}
