//! How these functions read requests and respond to them.

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::error::Error;
use shared::http::json;
use shared::http::{body, request};

/// Returns the method of a request and the id behind its path, where there is one. A slash at the end changes nothing.
///
/// # Errors
///
/// [`Error::NotFound`] for a longer path, and where something is posted to an id; [`Error::BodyTooLarge`].
pub fn target(request: &Request) -> Result<(&str, Option<&str>), Error> {
    let (method, _, rest) = request::route(request);
    let id = Some(rest.strip_suffix('/').unwrap_or(rest)).filter(|_| !rest.is_empty());
    if id.is_some_and(|id| id.is_empty() || id.contains('/') || method == "POST") {
        return Err(Error::NotFound);
    }
    if method == "POST" {
        body::read(request)?;
    }
    Ok((method, id))
}

/// Returns a parameter of a `GET`; an empty one filters nothing, as one that is absent.
///
/// # Errors
///
/// As [`request::query`].
pub fn filter(request: &Request, name: &'static str) -> Result<Option<String>, Error> {
    Ok(request::query(request, name)?.filter(|value| !value.is_empty()))
}

/// Responds 201 with what was made and where it is.
///
/// # Errors
///
/// [`Error::Internal`] for what cannot be written.
pub fn created<T: Serialize>(location: String, value: &T) -> Result<Response<Body>, Error> {
    let location = HeaderValue::try_from(location)
        .map_err(|error| Error::internal("the response", error.to_string()))?;
    let mut response = json::response(value)?;
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}
