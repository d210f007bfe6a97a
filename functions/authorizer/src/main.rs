//! The Lambda binary of the function `authorizer`.

use std::process::ExitCode;

use authorizer::Authorizer;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use shared::lambda::{cold_start, stopped};
use shared::logging;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Ok(function) = cold_start::<Authorizer>().await else {
        return ExitCode::FAILURE;
    };
    let handler = service_fn(async |event: LambdaEvent<Value>| {
        let LambdaEvent { payload, context } = event;
        // Boxed, since the SDK's futures nest more deeply than the compiler follows.
        let decided = Box::pin(function.handle(&payload, &context.request_id));
        let decision = logging::in_invocation(&context, decided).await;
        // An error is a failed invocation: API Gateway responds 500 and caches nothing.
        Ok::<_, lambda_runtime::Error>(decision?)
    });
    stopped(lambda_runtime::run(handler).await)
}
