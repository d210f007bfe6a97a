//! Which deployment a command is for.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use shared::env::{AWS_ENDPOINT_URL_DYNAMODB, Env, Form, process_variable};
use shared::table::Table;
use url::Url;

use crate::caller;
use crate::dev::{self, Dev};
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
    /// The DynamoDB endpoint, if not AWS's. Credentials are made up for it unless AWS_ACCESS_KEY_ID or AWS_PROFILE is set, and on loopback
    /// also where these lead to none.
    #[arg(long, value_name = "URL", global = true, value_parser = endpoint)]
    endpoint: Option<String>,
    /// The running `cargo dev`, unless --stack, --endpoint or AWS_ENDPOINT_URL_DYNAMODB is set: what `cargo latchkey` adds.
    #[arg(long, global = true)]
    dev: bool,
    /// The running `cargo dev` that keeps its data there [default: .local of the workspace].
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
    /// The running `cargo dev` that it is.
    pub(crate) dev: Option<Dev>,
    /// How a command for it begins.
    pub(crate) program: String,
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
}

impl Options {
    /// Finds the deployment, and connects to its table.
    pub(crate) async fn connect(&self) -> Result<Deployment, String> {
        if self.stack.is_some() && (self.table.is_some() || self.endpoint.is_some()) {
            // Clap compares options of one level alone, and these stand before or behind the command.
            crate::command()
                .error(
                    ErrorKind::ArgumentConflict,
                    "--stack says which table, so that it is not used with --table or --endpoint",
                )
                .exit();
        }
        let dev = self.dev()?;
        let given = self
            .endpoint
            .clone()
            .or(dev.as_ref().map(|dev| dev.dynamodb.clone()));
        if let Some(endpoint) = given.as_ref().filter(|endpoint| !dev::listens(endpoint)) {
            return Err(format!(
                "nothing listens at {endpoint}: start `cargo dev`, or name another deployment with --data-dir, --endpoint or --stack"
            ));
        }
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
        let table = Table::connect_as(&env, caller).map_err(|error| error.to_string())?;
        let dev = dev.or_else(|| self.dev_at(given.as_ref()?));
        Ok(Deployment {
            table,
            stack,
            dev,
            program: self.program(),
        })
    }

    /// Returns the folder where `cargo dev` keeps its data.
    pub(crate) fn data_dir(&self) -> PathBuf {
        dev::folder(self.data_dir.as_deref())
    }

    /// Returns how a command for the same deployment begins.
    pub(crate) fn program(&self) -> String {
        let option = |name: &str, value: Option<String>| {
            let value = value.map(|value| format!(" --{name} {value}"));
            value.unwrap_or_default()
        };
        let program = if self.is_dev() {
            "cargo latchkey"
        } else {
            "latchkey"
        };
        let data_dir = self.data_dir.as_ref().map(|folder| folder.display().to_string());
        [
            program.to_owned(),
            option("stack", self.stack.clone()),
            option("table", self.table.clone()),
            option("endpoint", self.endpoint.clone()),
            option("data-dir", data_dir),
        ]
        .concat()
    }

    fn is_dev(&self) -> bool {
        let is_named = self.stack.is_some()
            || self.endpoint.is_some()
            || process_variable(AWS_ENDPOINT_URL_DYNAMODB.name).is_some_and(|endpoint| !endpoint.is_empty());
        !is_named && (self.dev || self.data_dir.is_some())
    }

    /// Finds the running `cargo dev`, where that is the deployment.
    fn dev(&self) -> Result<Option<Dev>, String> {
        if !self.is_dev() {
            return Ok(None);
        }
        let folder = self.data_dir();
        Dev::find(&folder).map(Some).ok_or_else(|| {
            format!(
                "no `cargo dev` runs that keeps its data in {}, or it is starting: start it, or name another deployment with --data-dir, \
                 --endpoint or --stack",
                folder.display()
            )
        })
    }

    /// Finds the running `cargo dev` that has this DynamoDB: the keys of another one are not this deployment's.
    fn dev_at(&self, endpoint: &str) -> Option<Dev> {
        let dev = Dev::find(&self.data_dir())?;
        let is_same = Url::parse(&dev.dynamodb).ok()? == Url::parse(endpoint).ok()?;
        is_same.then_some(dev)
    }
}
