//! A function without a service: it answers with its event, for the tests of the Runtime API.

#![expect(clippy::disallowed_methods, reason = "it shows the environment as it is")]

use lambda_http::lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var_os("REFUSE_TO_START").is_some() {
        return Err("REFUSE_TO_START is set".into());
    }
    // Before the runtime adds one of its own.
    let variables: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    run(service_fn(|event| answer(event, &variables))).await
}

async fn answer(event: LambdaEvent<Value>, variables: &[String]) -> Result<Value, Error> {
    if let Some(reason) = event.payload["fail"].as_str() {
        return Err(reason.into());
    }
    Ok(json!({
        "event": event.payload,
        "requestId": event.context.request_id,
        "variables": variables,
    }))
}
