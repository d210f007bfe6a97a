//! How a function is called, everywhere alike: by Lambda, by the local server and by the tests.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, Context, LambdaEvent, Request, Response, Service, service_fn};

use crate::clock::Clock;
use crate::env::Env;
use crate::error::Error;
use crate::function::{Function, HttpFunction, StartError};
use crate::http::{headers, request};

/// Calls a function and returns its response or its error's. A panic becomes the 500 of the error table, so that no invocation
/// fails.
pub async fn respond<F: HttpFunction>(function: &F, request: Request) -> Response<Body> {
    let request_id = request::id(&request);
    // The call is inside, so that a panic before its first await is caught, too.
    let result = AssertUnwindSafe(async { function.handle(request).await })
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::internal("the handler", "it panicked")));
    let mut response = result.unwrap_or_else(|error| error.into_response(F::ERROR_FORMAT, &request_id));
    headers::set_common(F::ERROR_FORMAT, response.headers_mut());
    response
}

/// Calls a function with an event of API Gateway's payload format 2.0, through the adapter that Lambda's runtime uses, and
/// returns the response in the same format.
pub async fn invoke<F: HttpFunction>(
    function: &F,
    event: &str,
) -> Result<serde_json::Value, serde_json::Error> {
    let request: LambdaRequest = serde_json::from_str(event)?;
    let mut adapter = Adapter::from(service_fn(|request| async {
        Ok::<_, Infallible>(respond(function, request).await)
    }));
    let Ok(response) = adapter.call(LambdaEvent::new(request, Context::default())).await;
    serde_json::to_value(response)
}

/// Runs a function as a Lambda behind API Gateway until the environment is shut down.
pub async fn serve<F: HttpFunction>() -> Result<(), lambda_http::Error> {
    let function = Arc::new(cold_start::<F>().await?);
    lambda_http::run(service_fn(|request| {
        let function = Arc::clone(&function);
        async move { Ok::<_, Infallible>(respond(&*function, request).await) }
    }))
    .await
}

/// Starts a function as a cold start does: logs go out as JSON, the environment is read, clients are created, keys are read.
pub async fn cold_start<F: Function>() -> Result<F, StartError> {
    lambda_http::tracing::init_default_subscriber();
    log_panics_without_their_message();
    ready::<F>(&Env::process(), &Clock::system())
        .await
        .inspect_err(|error| tracing::error!(function = F::NAME, %error, "the function cannot start"))
}

/// Starts a function and prepares it for its first request.
pub async fn ready<F: Function>(env: &Env<'_>, clock: &Clock) -> Result<F, StartError> {
    // Boxed, since the SDK's futures nest more deeply than the compiler follows.
    let function = Box::pin(F::start(env, clock)).await?;
    Box::pin(function.prepare()).await?;
    Ok(function)
}

/// Logs panics by their place alone: a message can quote the value that caused the panic, which may be a secret.
pub fn log_panics_without_their_message() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}
