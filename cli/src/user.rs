//! `latchkey user`: the scopes of a user.

use clap::{Args, Subcommand};
use shared::scope::Scopes;
use shared::users::{NameKey, UserId, Users};

use crate::Done;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Grants scopes to a user, who may ask for them from the next log-in on.
    Grant(Grant),
    /// Revokes scopes of a user: at once where the user is read, and in a token that is verified elsewhere when it expires.
    Revoke(Grant),
}

#[derive(Args)]
pub(crate) struct Grant {
    /// The user's username or e-mail address.
    name: String,
    /// The scopes, such as links:read.
    #[arg(required = true)]
    scopes: Vec<String>,
}

/// Runs a command, which prints the user's id.
pub(crate) async fn run(users: &Users, command: Command) -> Result<Done, String> {
    let (Command::Grant(change) | Command::Revoke(change)) = &command;
    let named = change.scopes.iter().map(String::as_str);
    let scopes = match &command {
        Command::Grant(_) => Scopes::grantable(named),
        Command::Revoke(_) => Scopes::of(named),
    };
    let scopes = scopes.map_err(|violation| violation.message.into_owned())?;
    let id = find(users, &change.name).await?;
    let done = match &command {
        Command::Grant(_) => users.grant(&id, &scopes).await,
        Command::Revoke(_) => users.revoke(&id, &scopes).await,
    };
    match done {
        Ok(true) => Ok(Done::repeatable(format!("{}\n", id.as_str()))),
        Ok(false) => Err("the user is gone".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

async fn find(users: &Users, name: &str) -> Result<UserId, String> {
    let key = NameKey::of(name).ok_or("no user can have this name")?;
    let id = users.id_of(&key).await.map_err(|error| error.to_string())?;
    id.ok_or_else(|| "no user has this name".to_owned())
}
