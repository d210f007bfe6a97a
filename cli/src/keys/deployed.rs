//! The keys of a deployment: Secrets Manager runs a rotation, and `rotate-keys` drops a key, since no operator reads the private keys.

use aws_sdk_secretsmanager::Client;
use serde_json::json;
use shared::aws;
use shared::env::AWS_ENDPOINT_URL_SECRETS_MANAGER;

use super::say;
use crate::deployment::Deployment;
use crate::{aws_cli, caller};

/// Begins a rotation.
pub(super) async fn rotate(deployment: &Deployment, secret: &str) -> Result<(), String> {
    let client = Client::new(&caller::config(&deployment.env(), &AWS_ENDPOINT_URL_SECRETS_MANAGER).await?);
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

/// Drops a compromised key by the function that may.
pub(super) fn drop_key(function: &str, kid: &str) -> Result<(), String> {
    let event = json!({"compromised": kid}).to_string();
    // Versions 1 and 2 of the AWS CLI read another form of a payload on the command line, and the same in a file.
    let payload = ["--payload", "fileb:///dev/stdin", "/dev/stdout"];
    let invoke = [&["lambda", "invoke", "--function-name", function][..], &payload].concat();
    let invoked = aws_cli::run(&invoke, &event);
    let failed = |why: &str| {
        Err(format!(
            "{function} did not drop it: {why}. Repeat the command until it succeeds, which is safe"
        ))
    };
    // The function's response, and what Lambda says of it.
    let printed = match invoked {
        Ok(printed) => printed,
        Err(failure) => return failed(&failure.message("lambda:InvokeFunction")),
    };
    let [response, said] = printed.as_slice() else {
        return failed("Lambda said nothing");
    };
    match response["done"].as_str() {
        Some(done) if said.get("FunctionError").is_none() => {
            say(done);
            Ok(())
        }
        _ => failed(response["errorMessage"].as_str().unwrap_or("its log says why")),
    }
}
