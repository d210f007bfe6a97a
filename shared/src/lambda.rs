//! How a handler is called, everywhere alike: by Lambda, by the local server and by the tests.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, Context, LambdaEvent, Request, Response, Service, service_fn};

use crate::app::{App, Function};
use crate::clock::Clock;
use crate::config::{Config, Need, environment};
use crate::error::Error;
use crate::http;

/// Calls a handler and gives its response or its error's; a panic becomes the 500 of the table, so that no invocation
/// fails.
pub async fn answer<H, F>(function: Function, handler: H, app: App, request: Request) -> Response<Body>
where
    H: FnOnce(App, Request) -> F,
    F: Future<Output = Result<Response<Body>, Error>>,
{
    let request_id = http::request_id(&request);
    // The handler is called inside, so that a panic before its first await is caught, too.
    let result = AssertUnwindSafe(async move { handler(app, request).await })
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::internal("the handler", "it panicked")));
    let mut response = result.unwrap_or_else(|error| error.into_response(function.dialect, &request_id));
    http::set_common_headers(function.dialect, response.headers_mut());
    response
}

/// Calls a handler with an event of API Gateway's payload format 2.0, through the adapter that Lambda's runtime uses, and gives
/// the function's answer in the same format.
///
/// # Errors
///
/// What is not such an event.
pub async fn invoke<H, F>(
    function: Function,
    handler: H,
    app: App,
    event: &str,
) -> Result<serde_json::Value, serde_json::Error>
where
    H: Fn(App, Request) -> F + Clone + Send + Sync,
    F: Future<Output = Result<Response<Body>, Error>> + Send,
{
    let request: LambdaRequest = serde_json::from_str(event)?;
    let mut adapter = Adapter::from(service_fn(|request| {
        let (handler, app) = (handler.clone(), app.clone());
        async move { Ok::<_, Infallible>(answer(function, handler, app, request).await) }
    }));
    let Ok(response) = adapter.call(LambdaEvent::new(request, Context::default())).await;
    serde_json::to_value(response)
}

/// Runs a function as a Lambda until the environment ends.
///
/// # Errors
///
/// What stops the start, in words that name the variable; the log has them, too.
pub async fn serve<H, F>(function: Function, handler: H) -> Result<(), lambda_http::Error>
where
    H: Fn(App, Request) -> F + Clone + Send + Sync,
    F: Future<Output = Result<Response<Body>, Error>> + Send,
{
    let app = start(function.name, function.needs).await?;
    app.load_keys()
        .await
        .inspect_err(|error| cannot_start(function.name, error))?;
    lambda_http::run(service_fn(|request| {
        let (handler, app) = (handler.clone(), app.clone());
        async move { Ok::<_, Infallible>(answer(function, handler, app, request).await) }
    }))
    .await
}

/// What a function does at its cold start, whatever calls it: logs go out as JSON, the configuration is read, clients are built.
///
/// # Errors
///
/// What stops the start, in words that name the variable; the log has them, too.
pub async fn start(name: &'static str, needs: &[Need]) -> Result<App, lambda_http::Error> {
    lambda_http::tracing::init_default_subscriber();
    log_panics_without_their_words();
    let config = Config::read(needs, environment).inspect_err(|error| cannot_start(name, error))?;
    let app = App::new(config, Clock::system())
        .await
        .map_err(|error| format!("{error:?}"))
        .inspect_err(|error| cannot_start(name, error))?;
    Ok(app)
}

fn cannot_start(function: &str, error: &dyn std::fmt::Display) {
    tracing::error!(function, %error, "the function cannot start");
}

/// A panic's words can quote the value that caused it, which may be a secret; where it happened is enough.
pub fn log_panics_without_their_words() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}
