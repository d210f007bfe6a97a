//! How a function is called, everywhere alike: by Lambda, by the local server and by the tests.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use futures_util::FutureExt;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::lambda_runtime;
use lambda_http::{Body, LambdaEvent, Response, service_fn};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::clock::Clock;
use crate::edge::{self, Edge};
use crate::env::Env;
use crate::error::Error;
use crate::function::{Function, HttpFunction, StartError};
use crate::http::{headers, request};
use crate::logging;

/// Calls a function with an event of API Gateway's payload format 2.0, and returns its response or its error's. A panic becomes
/// the 500 of the error table, and so does what is no such event, so that no invocation fails. `invocation` is Lambda's id, for an
/// event without one of the gateway's. What did not come through the edge, where there is one, is a 403 like the gateway's own.
pub async fn respond<F: HttpFunction>(
    function: &F,
    edge: &Edge,
    event: &Value,
    invocation: &str,
) -> Response<Body> {
    let id = request::id_of(event).unwrap_or(invocation);
    // Conversion and call are inside, so that a panic before the first await is caught, too.
    let result = AssertUnwindSafe(async {
        let mut request = request::read(event, id)?;
        if !edge.admits(&mut request) {
            return Ok(None);
        }
        let origin = logging::Origin::of(&request);
        logging::in_request(origin, Box::pin(function.handle(request)))
            .await
            .map(Some)
    })
    .catch_unwind()
    .await
    .unwrap_or_else(|_| Err(Error::internal("the handler", "it panicked")));
    let mut response = match result {
        Ok(Some(response)) => response,
        Ok(None) => return edge::forbidden(),
        Err(error) => error.into_response(F::ERROR_FORMAT, id),
    };
    headers::set_common(F::ERROR_FORMAT, request::is_https(event), response.headers_mut());
    response
}

/// A function with what stands in front of it.
pub struct Served<F> {
    function: F,
    edge: Edge,
}

impl<F: HttpFunction> Function for Served<F> {
    const NAME: &'static str = F::NAME;

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        logging::name_service(env)?;
        Ok(Self {
            edge: Edge::read(env)?,
            function: F::start(env, clock).await?,
        })
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.function.prepare().await
    }
}

/// Calls a function as [`respond`] does with what Lambda's runtime received, and returns the response in API Gateway's format.
pub async fn invoke<F: HttpFunction>(
    served: &Served<F>,
    event: &str,
    invocation: &str,
) -> ApiGatewayV2httpResponse {
    // What cannot be read, such as half a surrogate pair, is no event of API Gateway, and neither is `null`.
    let event = serde_json::from_str(event).unwrap_or_default();
    let (parts, body) = respond(&served.function, &served.edge, &event, invocation)
        .await
        .into_parts();
    let text = std::str::from_utf8(&body).map(|text| Body::from(text.to_owned()));
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = i64::from(parts.status.as_u16());
    response.headers = parts.headers;
    // A body is serialised in base64 where it is binary.
    response.is_base64_encoded = text.is_err();
    response.body = Some(text.unwrap_or(body));
    response
}

/// Runs a function as a Lambda behind API Gateway until the environment is shut down.
pub async fn serve<F: HttpFunction>() -> ExitCode {
    let Ok(served) = cold_start::<Served<F>>().await else {
        return ExitCode::FAILURE;
    };
    // The payload is raw, since whatever the runtime itself cannot deserialise is a failed invocation.
    let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let LambdaEvent { payload, context } = event;
        // Boxed, since the SDK's futures nest more deeply than the compiler follows.
        let response = Box::pin(invoke(&served, payload.get(), &context.request_id));
        Ok::<_, Infallible>(logging::in_invocation(&context, response).await)
    });
    stopped(lambda_runtime::run(handler).await)
}

/// Logs why Lambda's runtime stopped, where it failed.
pub fn stopped(result: Result<(), lambda_runtime::Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the runtime failed");
            ExitCode::FAILURE
        }
    }
}

/// Starts a function as a cold start does: log lines go out, the environment is read, clients are created, keys are read.
pub async fn cold_start<F: Function>() -> Result<F, StartError> {
    logging::init();
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
