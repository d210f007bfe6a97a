//! The headers that every response has.

use lambda_http::http::{HeaderMap, HeaderValue, header};

use crate::error::ErrorFormat;

/// Sets the common headers. An endpoint whose response may be cached has set `Cache-Control` itself.
pub fn set_common(format: ErrorFormat, headers: &mut HeaderMap) {
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if format == ErrorFormat::OAuth {
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    }
}
