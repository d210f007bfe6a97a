//! `latchkey doctor`: what is wrong with a deployment or a running `cargo dev`, and what to type.
//!
//! It reads and changes nothing. What it was not given it does not check, and says what to give.

mod alarms;
mod check;
mod http;
mod keys;
mod secret;
mod service;
mod table;

use clap::Args;
use shared::clock::Clock;
use shared::keys::{Lifecycle, Published, PublishedStore};

use crate::deployment::{Deployment, endpoint};
use crate::output::{Done, print};
use check::Check;

#[derive(Args)]
pub(crate) struct Options {
    /// On AWS without --stack: the secret of the key ring, which is the stack's output SigningKeysSecret.
    #[arg(long, value_name = "ARN")]
    secret: Option<String>,
    /// The service's URL, where neither --stack nor a running `cargo dev` says it.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    url: Option<String>,
}

/// What the checks of keys are about.
struct Keys {
    lifecycle: Lifecycle,
    clock: Clock,
    /// `None` where they cannot be read.
    published: Option<Published>,
}

/// Prints the checks.
///
/// # Errors
///
/// How many found something wrong.
pub(crate) async fn run(deployment: &Deployment, options: Options) -> Result<Done, String> {
    let env = deployment.env();
    let mut checks = table::checks(&deployment.table).await;
    let read = PublishedStore::new(deployment.table.clone()).read().await;
    let keys = Keys {
        lifecycle: Lifecycle::read(&env).map_err(|error| error.to_string())?,
        clock: Clock::system(),
        published: read.as_ref().ok().map(|read| read.value.clone()),
    };
    match deployment.output(options.secret, "SigningKeysSecret")? {
        Some(secret) => checks.extend(secret::checks(&env, &secret).await),
        None => checks.push(keys::ring(deployment.data_dir(), &keys).await),
    }
    checks.push(match &read {
        Ok(read) => keys::published(&read.value, &keys),
        Err(error) => Check::wrong("published", error.to_string(), keys::RESTORE),
    });
    let url = deployment.output(options.url, "BaseUrl")?;
    let url = url.as_ref().or(deployment.url.as_ref());
    checks.extend(service::checks(url.map(String::as_str), &keys).await);
    checks.push(alarms::check(deployment.stack.as_ref()));
    let permissions = check::permissions(&checks);
    checks.push(permissions);
    let report = Done::repeatable(checks.iter().map(ToString::to_string).collect());
    match checks.iter().filter(|check| check.is_wrong()).count() {
        0 => Ok(report),
        wrong => {
            print(&report)?;
            Err(format!(
                "{wrong} of {} checks found something wrong",
                checks.len()
            ))
        }
    }
}
