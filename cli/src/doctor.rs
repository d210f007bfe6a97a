//! `latchkey doctor`: what is wrong with a deployment or a running `cargo dev`, and what to type.
//!
//! It reads and changes nothing. What it was not given it does not check, and says what to give.

mod check;
mod http;
mod keys;
mod secret;
mod service;
mod table;

use clap::Args;
use shared::clock::Clock;
use shared::env::Env;
use shared::keys::{Lifecycle, Published, PublishedStore};
use shared::table::Table;

use crate::place::Place;
use crate::{Done, endpoint, print};
use check::Check;

#[derive(Args)]
pub(crate) struct Options {
    /// On AWS: the secret of the key ring, which is the stack's output SigningKeysSecret.
    #[arg(long, value_name = "ARN")]
    secret: Option<String>,
    /// The service's URL, which is the stack's output BaseUrl; http://127.0.0.1:3000 for a running `cargo dev`.
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
pub(crate) async fn run(
    env: &Env<'_>,
    table: Table,
    place: &Place,
    options: Options,
) -> Result<Done, String> {
    let mut checks = table::checks(&table).await;
    let read = PublishedStore::new(table).read().await;
    let keys = Keys {
        lifecycle: Lifecycle::read(env).map_err(|error| error.to_string())?,
        clock: Clock::system(),
        published: read.as_ref().ok().map(|read| read.value.clone()),
    };
    match place.output(options.secret, "SigningKeysSecret") {
        Some(secret) => checks.extend(secret::checks(env, &secret).await),
        None => checks.push(keys::ring(place, &keys).await),
    }
    checks.push(match &read {
        Ok(read) => keys::published(&read.value, &keys),
        Err(error) => Check::wrong("published", error.to_string(), keys::RESTORE),
    });
    let url = place.output(options.url, "BaseUrl");
    checks.extend(service::checks(url.as_deref(), &keys).await);
    checks.push(alarms(place));
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

/// CloudWatch's client would be as large as the rest of the program. CloudFormation names alarms after the stack
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html>).
fn alarms(place: &Place) -> Check {
    let Some(stack) = &place.stack else {
        return Check::not_checked("alarms", "give --stack");
    };
    let fire = "lists those that fire (docs/alarms.md)";
    let command = format!("aws cloudwatch describe-alarms --state-value ALARM --alarm-name-prefix {stack}-");
    Check::not_checked("alarms", format!("type {command}, which {fire}"))
}
