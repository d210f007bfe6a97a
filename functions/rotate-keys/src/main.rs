//! The Lambda binary of the function `rotate-keys`.

use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use rotate_keys::{Event, RotateKeys};
use shared::lambda::{cold_start, stopped};
use shared::logging;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Ok(function) = cold_start::<RotateKeys>().await else {
        return ExitCode::FAILURE;
    };
    let handler = service_fn(async |event: LambdaEvent<Event>| {
        let LambdaEvent { payload, context } = event;
        let outcome = logging::in_invocation(&context, function.handle(payload));
        Ok::<_, lambda_runtime::Error>(outcome.await?)
    });
    stopped(lambda_runtime::run(handler).await)
}
