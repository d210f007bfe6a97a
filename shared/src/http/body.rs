//! The bounds of a body, whatever its format.

use lambda_http::Request;
use lambda_http::http::{HeaderMap, header};
use mime::Mime;

use crate::error::Error;

/// The longest body that is read, in bytes, after base64 (OWASP: bound what is hashed and parsed).
const BODY_MAX_BYTES: usize = 16 * 1024;

/// The message for any `Content-Encoding`.
pub const NO_ENCODING: &str = "Content-Encoding must not be used";

/// Returns the body's bytes, at most 16 KiB.
pub fn read(request: &Request) -> Result<&[u8], Error> {
    let bytes: &[u8] = request.body();
    if bytes.len() > BODY_MAX_BYTES {
        return Err(Error::BodyTooLarge);
    }
    Ok(bytes)
}

/// Returns the content type of a body that is not encoded, or `None` where the header is absent, malformed or there twice.
///
/// # Errors
///
/// [`Error::UnsupportedMediaType`] for any `Content-Encoding`.
pub fn content_type(headers: &HeaderMap) -> Result<Option<Mime>, Error> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Error::UnsupportedMediaType(NO_ENCODING));
    }
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (first, second) = (values.next(), values.next());
    Ok(match (first, second) {
        (Some(value), None) => value.to_str().ok().and_then(|text| text.parse().ok()),
        _ => None,
    })
}
