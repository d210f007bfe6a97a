//! Which deployment a command is for.

use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory};
use shared::aws;
use shared::env::{AWS_ENDPOINT_URL_DYNAMODB, Env, EnvError, Form, process_variable};
use shared::error::Error;
use shared::table::Table;
use url::Url;

use crate::caller;
use crate::dev;
use crate::stack::{self, Stack};

/// The table of a deployment that is not named otherwise: its logical id in the template.
pub(crate) const TABLE: &str = "UsersTable";

/// Where a deployment is. The options stand before or behind the command.
#[derive(Args)]
pub(crate) struct Options {
    /// The deployment's CloudFormation stack: its outputs name the table, its parameters the rules of passwords and the cost of their
    /// hashes.
    #[arg(long, value_name = "NAME", global = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) stack: Option<String>,
    /// The table of users, without a stack [default: UsersTable]. Rules of passwords come from the environment then.
    #[arg(long, value_name = "NAME", global = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) table: Option<String>,
    /// The DynamoDB endpoint, if not AWS's. Credentials are made up for it unless AWS_ACCESS_KEY_ID or AWS_PROFILE is set.
    #[arg(long, value_name = "URL", global = true, value_parser = endpoint)]
    endpoint: Option<String>,
    /// The running `cargo dev`, where neither --stack, --endpoint nor AWS_ENDPOINT_URL_DYNAMODB says another: what `cargo latchkey` adds.
    #[arg(long, global = true)]
    dev: bool,
    /// Where that `cargo dev` keeps its data [default: .local of the workspace].
    #[arg(long, value_name = "FOLDER", global = true)]
    data_dir: Option<PathBuf>,
}

/// Accepts the URL of a service.
pub(crate) fn endpoint(typed: &str) -> Result<String, String> {
    let form = AWS_ENDPOINT_URL_DYNAMODB.form;
    match form.parse(typed) {
        Some(Some(_)) => Ok(typed.to_owned()),
        _ => Err(form.rule()),
    }
}

/// A deployment.
pub(crate) struct Deployment {
    /// Its table.
    pub(crate) table: Table,
    /// Its stack, where one is named.
    pub(crate) stack: Option<Stack>,
    /// The endpoint of its DynamoDB, if not AWS's.
    endpoint: Option<Url>,
    data_dir: PathBuf,
    /// Where the running `cargo dev` serves.
    pub(crate) url: Option<String>,
}

impl Deployment {
    /// Returns the variables of its functions: from the parameters of its stack, or else from the environment.
    pub(crate) fn env(&self) -> Env<'_> {
        Env::new(|name| match &self.stack {
            Some(stack) => stack.variable(name),
            None => process_variable(name),
        })
    }

    /// Returns what was typed, or the output of the stack.
    pub(crate) fn output(&self, typed: Option<String>, key: &str) -> Result<Option<String>, String> {
        match (typed, &self.stack) {
            (None, Some(stack)) => stack.output(key).map(|output| Some(output.to_owned())),
            (typed, _) => Ok(typed),
        }
    }

    /// Returns the data folder, where the deployment may be a running `cargo dev`.
    pub(crate) fn data_dir(&self) -> Option<&Path> {
        let is_local = self.stack.is_none() && self.endpoint.is_some();
        is_local.then_some(&self.data_dir)
    }

    /// Returns the message of an error, with what to start where `cargo dev` does not respond.
    pub(crate) fn explained(&self, error: &Error) -> String {
        match (error, &self.endpoint) {
            (Error::Unavailable(_), Some(endpoint)) => format!(
                "no DynamoDB responds at {}: start `cargo dev` first, or name another address by --endpoint ({error})",
                endpoint.as_str().trim_end_matches('/')
            ),
            (error, _) => error.to_string(),
        }
    }
}

impl Options {
    /// Finds the deployment, and connects to its table.
    pub(crate) async fn connect(&self) -> Result<Deployment, String> {
        if self.stack.is_some() && (self.table.is_some() || self.endpoint.is_some()) {
            // Clap compares options of one level alone, and these stand before or behind the command.
            crate::Arguments::command()
                .error(
                    ErrorKind::ArgumentConflict,
                    "--stack says which table, so that it is not used with --table or --endpoint",
                )
                .exit();
        }
        let dev = self.dev_endpoint()?;
        let given = self.endpoint.clone().or_else(|| dev.clone());
        let variable = |name: &str| match name {
            "AWS_ENDPOINT_URL_DYNAMODB" => given.clone().or_else(|| process_variable(name)),
            // What is typed counts.
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" if given.is_some() => None,
            name => process_variable(name),
        };
        let env = Env::new(variable);
        let caller = match &dev {
            // It accepts any, so that a profile of the shell is not asked.
            Some(_) => caller::made_up(),
            None => {
                let services: &[_] = match self.stack {
                    Some(_) => &[&AWS_ENDPOINT_URL_DYNAMODB, &stack::ENDPOINT],
                    None => &[&AWS_ENDPOINT_URL_DYNAMODB],
                };
                caller::find(&env, services).await?
            }
        };
        let stack = match &self.stack {
            Some(name) => Some(Stack::describe(name, &env, caller.clone()).await?),
            None => None,
        };
        let table = match &stack {
            Some(stack) => stack.output("TableName")?.to_owned(),
            None => self.table.clone().unwrap_or_else(|| TABLE.to_owned()),
        };
        let env = Env::new(|name| match name {
            "TABLE_NAME" => Some(table.clone()),
            name => variable(name),
        });
        let said = |error: EnvError| error.to_string();
        Ok(Deployment {
            table: Table::connect_as(&env, caller).map_err(|error| error.to_string())?,
            stack,
            endpoint: aws::endpoint(&env, &AWS_ENDPOINT_URL_DYNAMODB).map_err(said)?,
            url: dev.and_then(|_| dev::url(&self.data_dir())),
            data_dir: self.data_dir(),
        })
    }

    /// Returns the folder where `cargo dev` keeps its data.
    pub(crate) fn data_dir(&self) -> PathBuf {
        dev::folder(self.data_dir.as_deref())
    }

    /// Returns the endpoint of the running `cargo dev`, where that is the deployment.
    fn dev_endpoint(&self) -> Result<Option<String>, String> {
        let is_named = self.stack.is_some()
            || self.endpoint.is_some()
            || process_variable(AWS_ENDPOINT_URL_DYNAMODB.name).is_some_and(|endpoint| !endpoint.is_empty());
        if !self.dev || is_named {
            return Ok(None);
        }
        dev::endpoint(&self.data_dir()).map(Some)
    }
}
