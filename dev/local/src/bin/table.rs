//! What an operator does to the table by hand: put one user with the markers of its names, or set `disabled`. The same code as
//! the functions' decides what is valid and which spellings are one name. `scripts/put-user` and `scripts/set-disabled` call it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to the person who started it"
)]

use std::io::Read;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use shared::clock::Clock;
use shared::env::{AWS_ENDPOINT_URL_DYNAMODB, Env, process_variable};
use shared::error::{Error, Violation};
use shared::events::Event;
use shared::passwords::{HashCost, LogInBudget, StoredHash};
use shared::random;
use shared::table::Table;
use shared::users::{Email, FullName, NameKey, Profile, User, UserId, Username, Users, Website};
use url::Url;

/// Changes one user in the table. Region and credentials come from the environment (`AWS_REGION`, `AWS_ACCESS_KEY_ID`, …);
/// with --endpoint-url none are needed.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The table.
    #[arg(long, default_value = local::TABLE_NAME)]
    table: String,
    /// Where DynamoDB is, if not at AWS: http://127.0.0.1:8000 for a running `cargo dev`; AWS_ENDPOINT_URL_DYNAMODB says it, too.
    #[arg(long)]
    endpoint_url: Option<String>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Puts a user with the markers of its names; the password hash (Argon2 or bcrypt) is read from standard input.
    PutUser(NewUser),
    /// Sets whether a user is disabled.
    SetDisabled {
        /// The user's username or e-mail address.
        name: String,
        /// true or false.
        #[arg(action = clap::ArgAction::Set)]
        disabled: bool,
    },
}

#[derive(Args)]
struct NewUser {
    #[arg(long, required_unless_present = "email")]
    username: Option<String>,
    #[arg(long)]
    email: Option<String>,
    #[arg(long)]
    full_name: Option<String>,
    #[arg(long)]
    website: Option<String>,
    #[arg(long)]
    disabled: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(done) => {
            println!("{done}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<String, String> {
    let given = arguments.endpoint_url.clone();
    let env = Env::new(|name| match name {
        "TABLE_NAME" => Some(arguments.table.clone()),
        "AWS_ENDPOINT_URL_DYNAMODB" => given.clone().or_else(|| process_variable(name)),
        // What is typed counts.
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" if given.is_some() => None,
        name => process_variable(name),
    });
    let table = Table::connect(&env).await.map_err(|error| error.to_string())?;
    let table = Operator {
        users: Users::new(table),
        endpoint: env
            .get(&AWS_ENDPOINT_URL_DYNAMODB)
            .map_err(|error| error.to_string())?,
        cost: HashCost::read(&env).map_err(|error| error.to_string())?,
    };
    match arguments.action {
        Action::PutUser(new) => table.put_user(new).await,
        Action::SetDisabled { name, disabled } => table.set_disabled(&name, disabled).await,
    }
}

struct Operator {
    users: Users,
    /// The endpoint, if it is not AWS's.
    endpoint: Option<Url>,
    /// The cost of new hashes.
    cost: HashCost,
}

impl Operator {
    fn explain(&self, error: &Error) -> String {
        match (error, &self.endpoint) {
            (Error::Unavailable(_), Some(endpoint)) => {
                local::no_dynamodb(endpoint.as_str().trim_end_matches('/'), error)
            }
            _ => error.to_string(),
        }
    }

    async fn put_user(&self, new: NewUser) -> Result<String, String> {
        let mut hash = String::new();
        std::io::stdin()
            .read_to_string(&mut hash)
            .map_err(|error| error.to_string())?;
        let hash = hash.trim();
        if !hash.starts_with('$') {
            return Err("standard input must be a password hash, such as $2b$12$…".to_owned());
        }
        let now = Clock::system().now();
        let user = User {
            id: UserId::known(random::ulid(now).map_err(|error| error.to_string())?),
            profile: Profile {
                username: parsed("username", new.username, Username::parse)?,
                email: parsed("email", new.email, Email::parse)?,
                full_name: parsed("full_name", new.full_name, FullName::parse)?,
                website: parsed("website", new.website, Website::parse)?,
            },
            disabled: new.disabled,
            created_at: now,
            updated_at: now,
        };
        let hash = StoredHash::from_store(hash.to_owned());
        self.users
            .register(&user, &hash, None)
            .await
            .map_err(|error| self.explain(&error))?;
        if LogInBudget::is_exceeded_by(&hash, self.cost) {
            eprintln!(
                "note: this hash takes longer to verify than the default budget of a log-in. Until the user logs in, wrong passwords take longer \
                 than for a name that no user has, unless LoginBudgetMs covers it: docs/data.md, \"What an imported hash costs\"."
            );
        }
        Ok(user.id.as_str().to_owned())
    }

    async fn set_disabled(&self, name: &str, disabled: bool) -> Result<String, String> {
        // The event goes to the terminal.
        shared::logging::init();
        let now = Clock::system().now();
        let key = NameKey::of(name).ok_or("no user can have this name")?;
        let id = self
            .users
            .id_of(&key)
            .await
            .map_err(|error| self.explain(&error))?
            .ok_or("no user has this name")?;
        let found = self
            .users
            .credentials_of(&id)
            .await
            .map_err(|error| self.explain(&error))?;
        let user = found.ok_or("no user has this name")?;
        // `updated_at` changes when a shown field does.
        if user.state.disabled == disabled {
            return Ok(user.id.as_str().to_owned());
        }
        let there = self
            .users
            .set_disabled(&user.id, disabled, now)
            .await
            .map_err(|error| self.explain(&error))?;
        if there {
            if disabled {
                Event::Disabled {
                    user: user.id.as_str(),
                }
                .log();
            }
            Ok(user.id.as_str().to_owned())
        } else {
            Err("the user is gone".to_owned())
        }
    }
}

fn parsed<T>(
    field: &str,
    value: Option<String>,
    parse: fn(&str) -> Result<T, Violation>,
) -> Result<Option<T>, String> {
    value
        .map(|value| parse(&value).map_err(|violation| format!("{field}: {}", violation.message)))
        .transpose()
}
