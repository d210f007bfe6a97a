//! The credentials of a request on a route that accepts API keys beside tokens.

use lambda_http::http::{HeaderMap, HeaderName, header};

use super::bearer;
use crate::error::Error;

/// The usual header of an API key.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The header of an API key in one of the tutorials.
const TOKEN: HeaderName = HeaderName::from_static("token");

/// The headers that credentials come in.
pub const HEADERS: [HeaderName; 3] = [header::AUTHORIZATION, API_KEY, TOKEN];

/// What a client presents, and where.
#[derive(Clone, Copy, Debug)]
pub enum Presented<'a> {
    /// `Authorization: Bearer`: a token or a key.
    Bearer(&'a str),
    /// `X-API-Key`.
    ApiKey(&'a str),
    /// `Token`.
    Token(&'a str),
}

/// Returns the one credential of a request.
///
/// # Errors
///
/// As [`bearer::token`] where neither of the headers of keys is there; [`Error::MalformedAuthorization`] for more than one credential.
pub fn presented(headers: &HeaderMap) -> Result<Presented<'_>, Error> {
    let is_authorized = headers.contains_key(header::AUTHORIZATION);
    match (is_authorized, one(headers, &API_KEY)?, one(headers, &TOKEN)?) {
        (_, None, None) => bearer::token(headers).map(Presented::Bearer),
        (false, Some(key), None) => Ok(Presented::ApiKey(key)),
        (false, None, Some(key)) => Ok(Presented::Token(key)),
        _ => Err(Error::MalformedAuthorization),
    }
}

/// Returns the one value of a header; the gateway joins several by a comma.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() || value.as_bytes().contains(&b',') {
        return Err(Error::MalformedAuthorization);
    }
    // No key has a character that is not ASCII.
    Ok(Some(value.to_str().unwrap_or_default().trim()))
}
