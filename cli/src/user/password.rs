//! A new password, which stands on no command line.

use std::io::{self, Read};
use std::sync::Arc;

use clap::Args;
use shared::passwords::{HashCost, Hasher, PasswordRule, StoredHash};
use shared::users::Profile;

use crate::deployment::Deployment;

/// More than any password has, in bytes.
const ENOUGH: u64 = 4096;

#[derive(Args)]
pub(crate) struct OnStdin {
    /// Read the password from standard input, without the end of its line.
    #[arg(long, required = true)]
    password_stdin: bool,
}

impl OnStdin {
    /// Reads the password, holds it against the deployment's rule and hashes it at the deployment's cost.
    pub(super) async fn hash(&self, deployment: &Deployment, owner: &Profile) -> Result<StoredHash, String> {
        let env = deployment.env();
        let rule = PasswordRule::read(&env).map_err(|error| error.to_string())?;
        let cost = HashCost::read(&env).map_err(|error| error.to_string())?;
        let chosen = rule.choose(read()?, owner.own_names());
        let password = chosen.map_err(|violation| format!("the password: {}", violation.message))?;
        let hashed = Hasher::new(cost).hash(Arc::new(password)).await;
        hashed.map_err(|error| error.to_string())
    }
}

fn read() -> Result<String, String> {
    let mut typed = String::new();
    let read = io::stdin().lock().take(ENOUGH).read_to_string(&mut typed);
    read.map_err(|error| format!("the password on standard input cannot be read: {error}"))?;
    if typed.ends_with('\n') {
        typed.pop();
        if typed.ends_with('\r') {
            typed.pop();
        }
    }
    Ok(typed)
}
