//! `latchkey client`: the clients of a deployment.

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde::Serialize;
use shared::clients::{Client, Clients, GrantType};
use shared::clock::{Clock, Timestamp};
use shared::label::Label;
use shared::scope::Scopes;

use crate::output::{Done, Output, Row};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Registers a client, and prints its id and its secret, which cannot be shown again.
    #[command(
        after_help = "Example:\n  latchkey client create 'My service' --grant client_credentials --scope links:read"
    )]
    Create(New),
    /// Lists the clients.
    #[command(after_help = "Example:\n  latchkey client list")]
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Deletes a client: its tokens expire, and no refresh renews them.
    #[command(after_help = "Example:\n  latchkey client delete 01KAY2Z3M4N5P6Q7R8S9T0V1W2")]
    Delete {
        /// The client's id.
        id: String,
    },
}

#[derive(Args)]
pub(crate) struct New {
    /// What you call it.
    name: String,
    /// It cannot keep a secret: an app or a page.
    #[arg(long)]
    public: bool,
    /// A grant that it may use; may be repeated.
    #[arg(long = "grant", required = true, value_parser = PossibleValuesParser::new(GrantType::ALL.map(GrantType::name)))]
    grants: Vec<String>,
    /// A scope that it may ask for; may be repeated.
    #[arg(long = "scope")]
    scopes: Vec<String>,
}

/// Runs a command.
pub(crate) async fn run(clients: &Clients, command: Command) -> Result<Done, String> {
    match command {
        Command::Create(new) => create(clients, new).await,
        Command::List { output } => {
            let all = clients.list().await.map_err(|error| error.to_string())?;
            let all: Vec<Shown> = all.into_iter().map(Shown::new).collect();
            Ok(Done::repeatable(output.list(&all, true)?))
        }
        Command::Delete { id } => match clients.delete(&id).await {
            Ok(true) => Ok(Done {
                text: format!("{id}\n"),
                unprinted: format!("the client {id} was deleted"),
            }),
            Ok(false) => Err("no client has this id".to_owned()),
            Err(error) => Err(error.to_string()),
        },
    }
}

async fn create(clients: &Clients, new: New) -> Result<Done, String> {
    let name = Label::parse(new.name).map_err(|violation| format!("the name: {}", violation.message))?;
    let grants: BTreeSet<GrantType> = new
        .grants
        .iter()
        .filter_map(|name| GrantType::parse(name))
        .collect();
    if new.public && grants.contains(&GrantType::ClientCredentials) {
        return Err("a public client cannot prove itself, so that it has no client_credentials".to_owned());
    }
    let scopes = Scopes::grantable(new.scopes.iter().map(String::as_str));
    let scopes = scopes.map_err(|violation| violation.message.into_owned())?;
    let now = Clock::system().now();
    let (client, secret) =
        Client::new(name, new.public, grants, scopes, now).map_err(|error| error.to_string())?;
    clients.create(&client).await.map_err(|error| error.to_string())?;
    let id = &client.id;
    Ok(match secret {
        Some(secret) => Done {
            text: format!("client_id={id}\nclient_secret={}\n", secret.as_str()),
            unprinted: format!(
                "the client {id} was created and its secret is lost: delete it, and create another"
            ),
        },
        None => Done {
            text: format!("client_id={id}\n"),
            unprinted: format!("the client {id} was created"),
        },
    })
}

/// A client, without the digest of its secret.
#[derive(Serialize)]
struct Shown {
    id: String,
    kind: &'static str,
    grants: Vec<&'static str>,
    scopes: Scopes,
    name: Label,
    created_at: Timestamp,
}

impl Shown {
    fn new(client: Client) -> Self {
        let kind = if client.is_confidential() {
            "confidential"
        } else {
            "public"
        };
        Self {
            kind,
            grants: client.grants.iter().map(|grant| grant.name()).collect(),
            id: client.id,
            scopes: client.scopes,
            name: client.name,
            created_at: client.created_at,
        }
    }
}

impl Row for Shown {
    const COLUMNS: &'static [&'static str] = &["id", "kind", "grants", "scopes", "name"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.kind.to_owned(),
            self.grants.join(" "),
            self.scopes.to_string(),
            self.name.as_str().to_owned(),
        ]
    }
}
