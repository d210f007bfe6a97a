//! HTTP as every endpoint reads and writes it.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};

pub mod bearer;
pub mod body;
pub mod client;
pub mod credentials;
pub mod form;
pub mod headers;
pub mod json;
pub mod request;

/// Creates a response without a body.
pub fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
}
