//! A new password, which stands on no command line.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;

use clap::Args;
use shared::env::Env;
use shared::passwords::{HashCost, Hasher, PasswordRule, StoredHash};
use shared::users::Profile;

/// More than any password has, in bytes.
const ENOUGH: u64 = 4096;

/// Requires that the password is said to come by standard input.
#[derive(Args)]
pub(crate) struct OnStdin {
    /// Read the password from standard input, without the end of its line.
    #[arg(long, required = true)]
    password_stdin: bool,
}

/// Reads the password on standard input, holds it against the deployment's rule and hashes it at the deployment's cost.
pub(crate) async fn hash(env: &Env<'_>, owner: &Profile) -> Result<StoredHash, String> {
    let rule = PasswordRule::read(env).map_err(|error| error.to_string())?;
    let cost = HashCost::read(env).map_err(|error| error.to_string())?;
    let chosen = rule.choose(read()?, owner.own_names());
    let password = chosen.map_err(|violation| format!("the password: {}", violation.message))?;
    let hashed = Hasher::new(cost).hash(Arc::new(password)).await;
    hashed.map_err(|error| error.to_string())
}

fn read() -> Result<String, String> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let prompt = "Type the password, which is shown, and end by Enter and Ctrl-D:";
        let _unheard = writeln!(io::stderr(), "{prompt}");
    }
    let mut typed = String::new();
    let read = stdin.lock().take(ENOUGH).read_to_string(&mut typed);
    read.map_err(|error| format!("the password on standard input cannot be read: {error}"))?;
    if typed.ends_with('\n') {
        typed.pop();
        if typed.ends_with('\r') {
            typed.pop();
        }
    }
    Ok(typed)
}
