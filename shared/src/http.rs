//! What every endpoint does with HTTP alike: the bounds of a body, the headers of an answer.

use lambda_http::http::{HeaderMap, HeaderValue, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt, Response};
use mime::Mime;
use serde::Serialize;

use crate::error::{Dialect, Error};

/// The longest body that is read, in bytes, after base64 (OWASP: bound what is hashed and parsed).
pub const BODY_MAX_BYTES: usize = 16 * 1024;

/// The rule that any `Content-Encoding` breaks.
pub const NO_ENCODING: &str = "Content-Encoding must not be used";

/// The body's bytes, at most [`BODY_MAX_BYTES`].
///
/// # Errors
///
/// [`Error::BodyTooLarge`].
pub fn body(request: &Request) -> Result<&[u8], Error> {
    let bytes: &[u8] = request.body();
    if bytes.len() > BODY_MAX_BYTES {
        return Err(Error::BodyTooLarge);
    }
    Ok(bytes)
}

/// The content type of a body that is not encoded; `None` where the header is absent, malformed or there twice.
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

/// A JSON answer.
///
/// # Errors
///
/// [`Error::Internal`] where the value cannot be written as JSON.
pub fn json<T: Serialize>(value: &T) -> Result<Response<Body>, Error> {
    let text =
        serde_json::to_string(value).map_err(|error| Error::internal("the answer", error.to_string()))?;
    let mut response = Response::new(Body::Text(text));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The rest of a path whose route ends in `{proxy+}` must be empty: such a route exists only for the trailing slash that
/// some tutorials' clients send, which API Gateway cannot name.
///
/// # Errors
///
/// [`Error::NotFound`] for any other path.
pub fn only_trailing_slash(request: &Request) -> Result<(), Error> {
    match request.path_parameters().first("proxy") {
        None | Some("") => Ok(()),
        Some(_) => Err(Error::NotFound),
    }
}

/// The gateway's id of this request, or Lambda's where there was no gateway.
#[must_use]
pub fn request_id(request: &Request) -> String {
    let gateway = request.request_context_ref().and_then(|context| match context {
        RequestContext::ApiGatewayV2(context) => context.request_id.clone(),
        _ => None,
    });
    gateway
        .or_else(|| {
            request
                .lambda_context_ref()
                .map(|context| context.request_id.clone())
        })
        .unwrap_or_default()
}

/// The headers of every answer of ours. An endpoint that may be cached has set `Cache-Control` itself.
pub fn set_common_headers(dialect: Dialect, headers: &mut HeaderMap) {
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if dialect == Dialect::OAuth {
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    }
}
