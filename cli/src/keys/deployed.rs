//! The keys of a deployment: Secrets Manager runs a rotation, and `rotate-keys` drops a key, since no operator reads the private keys.

use std::process::{Command, Stdio};

use aws_sdk_secretsmanager::Client;
use serde_json::{Deserializer, Value, json};
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

/// Drops a compromised key by the function that may. The AWS CLI invokes it: the SDK's client of Lambda would be larger than all others
/// together, for one call.
pub(super) fn drop_key(function: &str, kid: &str) -> Result<(), String> {
    let event = json!({"compromised": kid}).to_string();
    let invoked = Command::new("aws")
        .args([
            "lambda",
            "invoke",
            "--function-name",
            function,
            "--payload",
            &event,
        ])
        .args([
            "--cli-binary-format",
            "raw-in-base64-out",
            "--output",
            "json",
            "/dev/stdout",
        ])
        .env("AWS_PAGER", "")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| {
            format!("the AWS CLI could not be started ({error}): install it, and have `aws` in PATH")
        })?;
    // The function's response, and what Lambda says of it.
    let mut printed = Deserializer::from_slice(&invoked.stdout)
        .into_iter::<Value>()
        .map_while(Result::ok);
    let response = printed.next().unwrap_or_default();
    let has_failed = printed
        .next()
        .is_none_or(|said| said.get("FunctionError").is_some());
    match response["done"].as_str() {
        Some(done) if invoked.status.success() && !has_failed => {
            say(done);
            Ok(())
        }
        _ => Err(format!(
            "{function} did not drop it: {}. Repeat the command until it succeeds, which is safe",
            response["errorMessage"].as_str().unwrap_or("`aws` says why")
        )),
    }
}
