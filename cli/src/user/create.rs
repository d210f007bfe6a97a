//! `latchkey user create`.

use clap::Args;
use shared::clock::Clock;
use shared::error::Violation;
use shared::events::Event;
use shared::users::{Email, FullName, Profile, User, Username, Users, Website};

use crate::deployment::Deployment;
use crate::output::Done;
use crate::password::{self, OnStdin};

#[derive(Args)]
pub(crate) struct New {
    /// The username.
    #[arg(long, value_name = "NAME", required_unless_present = "email")]
    username: Option<String>,
    /// The e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The full name.
    #[arg(long, value_name = "NAME")]
    full_name: Option<String>,
    /// The website.
    #[arg(long, value_name = "URL")]
    website: Option<String>,
    /// Create the user disabled.
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    _password: OnStdin,
}

/// Creates a user, by the rules of registration.
pub(super) async fn create(deployment: &Deployment, users: &Users, new: New) -> Result<Done, String> {
    let profile = Profile {
        username: parsed("username", new.username, Username::parse)?,
        email: parsed("email", new.email, Email::parse)?,
        full_name: parsed("full-name", new.full_name, FullName::parse)?,
        website: parsed("website", new.website, Website::parse)?,
    };
    let hash = password::hash(&deployment.env(), &profile).await?;
    let now = Clock::system().now();
    let user = User {
        disabled: new.disabled,
        ..User::new(profile, now).map_err(|error| error.to_string())?
    };
    let registered = users.register(&user, &hash, None, &[]).await;
    registered.map_err(|error| error.to_string())?;
    let id = user.id.as_str();
    Event::Registered { user: id }.log();
    Ok(Done {
        text: format!("{id}\n"),
        unprinted: format!("the user {id} was created"),
    })
}

fn parsed<T>(
    option: &str,
    value: Option<String>,
    parse: fn(&str) -> Result<T, Violation>,
) -> Result<Option<T>, String> {
    let parsed = value.map(|value| parse(&value)).transpose();
    parsed.map_err(|violation| format!("--{option}: {}", violation.message))
}
