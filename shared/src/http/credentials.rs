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

/// What a client presents, and where. There is no `Debug`: it holds a secret.
#[derive(Clone, Copy)]
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
/// As [`bearer::token`] where neither of the headers of keys is there; [`Error::SeveralCredentials`].
pub fn presented(headers: &HeaderMap) -> Result<Presented<'_>, Error> {
    let is_authorized = headers.contains_key(header::AUTHORIZATION);
    match (is_authorized, one(headers, &API_KEY), one(headers, &TOKEN)) {
        (_, None, None) => bearer::token(headers).map(Presented::Bearer),
        (false, Some(key), None) => Ok(Presented::ApiKey(key)),
        (false, None, Some(key)) => Ok(Presented::Token(key)),
        _ => Err(Error::SeveralCredentials),
    }
}

/// Returns the bearer token of a request on a route that accepts no API key.
///
/// # Errors
///
/// As [`bearer::token`]; [`Error::InvalidToken`] where a key in a header of its own stands in the token's place.
pub fn token(headers: &HeaderMap) -> Result<&str, Error> {
    match bearer::token(headers) {
        Err(Error::NotAuthenticated) if headers.contains_key(API_KEY) || headers.contains_key(TOKEN) => {
            Err(Error::InvalidToken)
        }
        token => token,
    }
}

/// Returns the value of a header; an empty one, which is no key, in place of several.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    let is_one = values.next().is_none();
    // No key has a character that is not ASCII.
    Some(value.to_str().ok().filter(|_| is_one).unwrap_or_default().trim())
}
