//! The secret of the key ring, by its description: no operator reads its value.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use shared::clock::Clock;
use shared::env::{AWS_ENDPOINT_URL_SECRETS_MANAGER, Env};

use super::check::Check;
use crate::caller;

const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";
/// More than the four steps of a rotation take, of which each has 30 s.
const ROTATION_SECONDS: i64 = 10 * 60;
const UNREACHABLE: &str = "is it the right region, and the stack's output SigningKeysSecret?";

/// Checks the secret's stages and its rotation.
pub(super) async fn checks(env: &Env<'_>, id: &str) -> Vec<Check> {
    let config = match caller::config(env, &AWS_ENDPOINT_URL_SECRETS_MANAGER).await {
        Ok(config) => config,
        Err(error) => return vec![Check::wrong("secret", error, UNREACHABLE)],
    };
    let described = Client::new(&config).describe_secret().secret_id(id).send().await;
    let secret = match described {
        Ok(secret) => of_secret(&secret, id),
        Err(error) => Check::failed("secret", "secretsmanager:DescribeSecret", &error, UNREACHABLE),
    };
    let ring =
        "on AWS `token` and `rotate-keys` alone read it, and the log of `token` says where they cannot";
    vec![secret, Check::not_checked("ring", ring)]
}

fn of_secret(secret: &DescribeSecretOutput, id: &str) -> Check {
    let command = |rest: &str| format!("aws secretsmanager {rest} --secret-id {id}");
    if secret.deleted_date.is_some() {
        return Check::wrong("secret", "it is deleted", command("restore-secret"));
    }
    let versions = secret.version_ids_to_stages.iter().flatten();
    let version_of = |wanted: &str| {
        let mut versions = versions.clone();
        versions.find(|(_, stages)| stages.iter().any(|stage| stage == wanted))
    };
    let Some((current, _)) = version_of(CURRENT) else {
        return Check::wrong("secret", "it has no current version", command("rotate-secret"));
    };
    let now = Clock::system().now().unix();
    if let Some((pending, _)) = version_of(PENDING).filter(|(pending, _)| *pending != current) {
        let changed = secret.last_changed_date.map_or(0, |changed| changed.secs());
        if now - changed < ROTATION_SECONDS {
            return Check::right("secret", "it has a current version, and a rotation goes on");
        }
        return Check::wrong(
            "secret",
            format!("the version {pending} has been pending for long: a rotation is stuck"),
            command(&format!(
                "update-secret-version-stage --version-stage {PENDING} --remove-from-version-id {pending}"
            )),
        );
    }
    if secret.rotation_enabled != Some(true) {
        return Check::wrong("secret", "its rotation is off", command("rotate-secret"));
    }
    if secret.next_rotation_date.is_some_and(|next| next.secs() < now) {
        return Check::wrong("secret", "a rotation is overdue", command("rotate-secret"));
    }
    Check::right("secret", "it has a current version, and rotates")
}
