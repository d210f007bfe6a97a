//! `latchkey user`: the users of a deployment.

mod account;
mod create;
mod show;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use shared::scope::Scopes;
use shared::users::{Account, NameKey, Users, Wanted};

use crate::deployment::Deployment;
use crate::output::{Done, Output};
use crate::password::OnStdin;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Creates a user, also one whose username is reserved or where registration is closed, and prints the id.
    #[command(
        after_help = "Example:\n  latchkey user create --username johndoe --full-name 'John Doe' --password-stdin < password"
    )]
    Create(create::New),
    /// Shows a user: everything but the password's hash.
    #[command(after_help = "Example:\n  latchkey user show johndoe@example.com --output json")]
    Show {
        #[command(flatten)]
        user: Named,
        #[command(flatten)]
        output: Output,
    },
    /// Lists all users, in no order. It reads the whole table, page by page.
    #[command(after_help = "Example:\n  latchkey user list --output json | jq 'select(.disabled)'")]
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Disables a user, who can neither log in nor use a token or an API key, and ends all sessions.
    #[command(after_help = "Example:\n  latchkey user disable johndoe")]
    Disable(Named),
    /// Enables a user, who can log in again. Sessions that ended stay so.
    #[command(after_help = "Example:\n  latchkey user enable johndoe")]
    Enable(Named),
    /// Deletes a user for ever, with sessions and API keys. The names are free then, and the id is never used again.
    #[command(after_help = "Example:\n  latchkey user delete johndoe --yes")]
    Delete {
        #[command(flatten)]
        user: Named,
        /// Confirms the deletion, which cannot be undone.
        #[arg(long, required = true)]
        yes: bool,
    },
    /// Sets a user's password, by the rules of registration, and ends all sessions and API keys.
    #[command(after_help = "Example:\n  latchkey user set-password johndoe --password-stdin < password")]
    SetPassword {
        #[command(flatten)]
        user: Named,
        #[command(flatten)]
        _password: OnStdin,
    },
    /// Sends a user the mail by which a forgotten password is replaced, so that the operator neither knows nor chooses one.
    #[command(after_help = "Example:\n  latchkey user send-reset johndoe")]
    SendReset(Named),
    /// Ends all sessions of a user, or one. API keys stay.
    #[command(after_help = "Example:\n  latchkey user logout johndoe")]
    Logout {
        #[command(flatten)]
        user: Named,
        /// The one session to end.
        #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
        session: Option<String>,
    },
    /// Lists the live sessions of a user, the newest first.
    #[command(after_help = "Example:\n  latchkey user sessions johndoe")]
    Sessions {
        #[command(flatten)]
        user: Named,
        #[command(flatten)]
        output: Output,
    },
    /// Grants scopes to a user, who may ask for them from the next log-in on.
    #[command(after_help = "Example:\n  latchkey user grant johndoe links:read links:write")]
    Grant(Grant),
    /// Revokes scopes of a user: at once where the user is read, and in a token that is verified elsewhere when it expires.
    #[command(after_help = "Example:\n  latchkey user revoke johndoe links:write")]
    Revoke(Grant),
}

/// A user as an operator names one.
#[derive(Args)]
pub(crate) struct Named {
    /// The user's id, username or e-mail address.
    user: String,
}

#[derive(Args)]
pub(crate) struct Grant {
    #[command(flatten)]
    user: Named,
    /// The scopes, such as links:read.
    #[arg(required = true)]
    scopes: Vec<String>,
}

/// What is said of a user who was deleted in between.
const GONE: &str = "the user is gone";

/// Runs a command, which prints the user's id where it shows nothing else.
pub(crate) async fn run(deployment: &Deployment, command: Command) -> Result<Done, String> {
    let users = &Users::new(deployment.table.clone());
    match command {
        Command::Create(new) => create::create(deployment, users, new).await,
        Command::Show { user, output } => show::show(users, &user, output).await,
        Command::List { output } => show::list(users, output).await,
        Command::Sessions { user, output } => show::sessions(users, &user, output).await,
        Command::Disable(user) => account::set_disabled(users, &user, true).await,
        Command::Enable(user) => account::set_disabled(users, &user, false).await,
        Command::Delete { user, yes: _ } => account::delete(users, &user).await,
        Command::SetPassword { user, _password: _ } => account::set_password(deployment, users, &user).await,
        Command::SendReset(user) => account::send_reset(deployment, users, &user).await,
        Command::Logout { user, session } => account::log_out(users, &user, session.as_deref()).await,
        Command::Grant(grant) => change_scopes(users, &grant, true).await,
        Command::Revoke(grant) => change_scopes(users, &grant, false).await,
    }
}

impl Named {
    /// Finds the user, with these of the sessions. What stands first is an id: a user must not get another's commands by a username
    /// that is the other's id.
    async fn find(&self, users: &Users, sessions: Wanted<'_>) -> Result<Account, String> {
        let said = |error: shared::error::Error| error.to_string();
        if let Some(account) = users.find(&self.user, sessions).await.map_err(said)? {
            return Ok(account);
        }
        let id = match NameKey::of(&self.user) {
            Some(key) => users.id_of(&key).await.map_err(said)?,
            None => None,
        };
        let found = match id {
            Some(id) => users.find(id.as_str(), sessions).await.map_err(said)?,
            None => None,
        };
        found.ok_or_else(|| "no user has this id, username or e-mail address".to_owned())
    }
}

async fn change_scopes(users: &Users, change: &Grant, grants: bool) -> Result<Done, String> {
    let named = change.scopes.iter().map(String::as_str);
    let scopes = if grants {
        Scopes::grantable(named)
    } else {
        Scopes::of(named)
    };
    let scopes = scopes.map_err(|violation| violation.message.into_owned())?;
    let id = change.user.find(users, Wanted::None).await?.user.id;
    let done = if grants {
        users.grant(&id, &scopes).await
    } else {
        users.revoke(&id, &scopes).await
    };
    match done {
        Ok(true) => Ok(Done::repeatable(format!("{}\n", id.as_str()))),
        Ok(false) => Err(GONE.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
