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
use shared::error::Error;
use shared::keys::{Lifecycle, Published, PublishedStore};

use crate::deployment::{Deployment, endpoint};
use crate::output::{Done, print};

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
    let (mut checks, is_reached) = table::checks(&deployment.table).await;
    let read = if is_reached {
        PublishedStore::new(deployment.table.clone()).read().await
    } else {
        Err(Error::unavailable("the table", "see above"))
    };
    let keys = Keys {
        lifecycle: Lifecycle::read(&env).map_err(|error| error.to_string())?,
        clock: Clock::system(),
        published: read.as_ref().ok().map(|read| read.value.clone()),
    };
    match deployment.output(options.secret, "SigningKeysSecret")? {
        Some(secret) => checks.extend(secret::checks(&env, &secret).await),
        None => checks.push(keys::ring(deployment.dev.as_ref(), &keys).await),
    }
    checks.push(match &read {
        Ok(read) => keys::published(&read.value, &keys),
        Err(error) => keys::unread(error),
    });
    let url = deployment.output(options.url, "BaseUrl")?;
    let url = url.as_deref().or(deployment.dev.as_ref().map(|dev| &*dev.url));
    checks.extend(service::checks(url, &keys).await);
    checks.push(alarms::check(deployment.stack.as_ref()).await);
    let permissions = check::permissions(&checks);
    checks.push(permissions);
    let report = checks.iter().map(|check| check.lines(&deployment.program));
    let report = Done::repeatable(report.collect());
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
