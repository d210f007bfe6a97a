//! The keys of a deployment: Secrets Manager runs a rotation, and `rotate-keys` drops a key, since no operator reads the private keys.

use aws_sdk_secretsmanager::Client;
use shared::aws;
use shared::env::{AWS_ENDPOINT_URL_SECRETS_MANAGER, Env};

use super::say;
use crate::caller;

/// Begins a rotation.
pub(super) async fn rotate(env: &Env<'_>, secret: &str) -> Result<(), String> {
    let client = Client::new(&caller::config(env, &AWS_ENDPOINT_URL_SECRETS_MANAGER).await?);
    let begun = client.rotate_secret().secret_id(secret).send().await;
    begun.map_err(|error| {
        format!(
            "the rotation did not begin: {}. If an earlier one is stuck, docs/keys.md says how to remove AWSPENDING",
            aws::message(&error)
        )
    })?;
    say("The rotation goes on: `latchkey keys show` shows the new key within a minute.");
    Ok(())
}

pub(super) async fn drop_key(_: &Env<'_>, function: &str, _: &str) -> Result<(), String> {
    Err(format!("{function} cannot be invoked yet"))
}
