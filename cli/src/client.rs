//! `latchkey client`: the clients of a deployment.

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use shared::clients::{Client, Clients, GrantType};
use shared::clock::Clock;
use shared::scope::Scopes;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Registers a client, and prints its id and its secret, which cannot be shown again.
    Create(New),
    /// Lists the clients: id, kind, grants, scopes and name, separated by tabs.
    List,
    /// Deletes a client: its tokens expire, and no refresh renews them.
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

/// Runs a command, and returns what it prints.
pub(crate) async fn run(clients: &Clients, command: Command) -> Result<String, String> {
    match command {
        Command::Create(new) => create(clients, new).await,
        Command::List => {
            let all = clients.list().await.map_err(|error| error.to_string())?;
            Ok(all.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
        Command::Delete { id } => match clients.delete(&id).await {
            Ok(true) => Ok(id),
            Ok(false) => Err("no client has this id".to_owned()),
            Err(error) => Err(error.to_string()),
        },
    }
}

async fn create(clients: &Clients, new: New) -> Result<String, String> {
    let grants: BTreeSet<GrantType> = new
        .grants
        .iter()
        .filter_map(|name| GrantType::parse(name))
        .collect();
    if new.public && grants.contains(&GrantType::ClientCredentials) {
        return Err("a public client cannot prove itself, so that it has no client_credentials".to_owned());
    }
    let scopes = Scopes::of(new.scopes.iter().map(String::as_str));
    let scopes = scopes.map_err(|violation| violation.message.into_owned())?;
    let now = Clock::system().now();
    let (client, secret) =
        Client::new(new.name, new.public, grants, scopes, now).map_err(|error| error.to_string())?;
    clients.create(&client).await.map_err(|error| error.to_string())?;
    Ok(match secret {
        Some(secret) => format!("client_id={}\nclient_secret={}", client.id, secret.as_str()),
        None => format!("client_id={}", client.id),
    })
}

fn line(client: &Client) -> String {
    let kind = if client.is_confidential() {
        "confidential"
    } else {
        "public"
    };
    let grants: Vec<&str> = client.grants.iter().map(|grant| grant.name()).collect();
    let (grants, scopes) = (grants.join(" "), client.scopes.to_string());
    [client.id.as_str(), kind, &grants, &scopes, &client.name].join("\t")
}
