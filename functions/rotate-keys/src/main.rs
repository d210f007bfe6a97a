//! The Lambda binary of the function `rotate-keys`.

use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use rotate_keys::{Event, RotateKeys};
use shared::lambda::{cold_start, stopped};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Ok(function) = cold_start::<RotateKeys>().await else {
        return ExitCode::FAILURE;
    };
    let handler = service_fn(async |event: LambdaEvent<Event>| {
        Ok::<_, lambda_runtime::Error>(function.handle(event.payload).await?)
    });
    stopped(lambda_runtime::run(handler).await)
}
