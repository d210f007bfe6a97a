//! The Lambda binary of the function `mailer`.

use std::convert::Infallible;
use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use mailer::{Event, Mailer};
use shared::lambda::{cold_start, stopped};
use shared::logging;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Ok(function) = cold_start::<Mailer>().await else {
        return ExitCode::FAILURE;
    };
    let handler = service_fn(async |event: LambdaEvent<Event>| {
        let LambdaEvent { payload, context } = event;
        // Boxed, since the SDK's futures nest more deeply than the compiler follows.
        let handled = Box::pin(function.handle(&payload));
        Ok::<_, Infallible>(logging::in_invocation(&context, handled).await)
    });
    stopped(lambda_runtime::run(handler).await)
}
