//! How a function starts and how it responds to HTTP.
//!
//! A function is a struct whose fields are all that it may touch. `functions/well-known` has no users, so it cannot register one;
//! `functions/me` has no private key, so it cannot sign a token.

use std::fmt;

use lambda_http::{Body, Request, Response};
use utoipa::openapi::OpenApi;

use crate::clock::Clock;
use crate::env::{Env, EnvError};
use crate::error::{Error, ErrorFormat};

/// A function: what one Lambda runs.
pub trait Function: Sized + Send + Sync + 'static {
    /// The name of its crate and binary.
    const NAME: &'static str;

    /// Reads its part of the environment and creates its clients; sends nothing.
    ///
    /// # Errors
    ///
    /// [`StartError`] names the variable or the client.
    fn start(env: &Env<'_>, clock: &Clock) -> impl Future<Output = Result<Self, StartError>> + Send;

    /// Reads what the first request needs ahead of it, such as keys.
    ///
    /// # Errors
    ///
    /// [`StartError`] for what is there and cannot be used. What does not exist yet is no error: requests that need it get 503.
    fn prepare(&self) -> impl Future<Output = Result<(), StartError>> + Send {
        async { Ok(()) }
    }
}

/// A function that API Gateway calls.
pub trait HttpFunction: Function {
    /// The format of its errors.
    const ERROR_FORMAT: ErrorFormat;

    /// Returns what the OpenAPI document says of its routes; nothing for a function that is not Latchkey's own.
    fn openapi() -> OpenApi {
        OpenApi::default()
    }

    /// Responds to a request.
    ///
    /// # Errors
    ///
    /// The rows of the error table that its routes name.
    fn handle(&self, request: Request) -> impl Future<Output = Result<Response<Body>, Error>> + Send;
}

/// The reason why a function does not start.
#[derive(PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    /// Creates an error with a message for the operator.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// Writes the message: a process that fails prints its error by `Debug`.
impl fmt::Debug for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl From<EnvError> for StartError {
    fn from(error: EnvError) -> Self {
        Self(error.to_string())
    }
}

impl From<Error> for StartError {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}
