//! The headers that every response has.

use lambda_http::http::{HeaderMap, HeaderValue, header};

use crate::error::ErrorFormat;

/// What a browser that has seen this host once does for a year: https alone (RFC 6797). Neither `includeSubDomains` nor `preload`:
/// the API may be on a domain whose other hosts are not ours to decide about.
const HTTPS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Sets the common headers. An endpoint whose response may be cached has set `Cache-Control` itself.
pub fn set_common(format: ErrorFormat, is_https: bool, headers: &mut HeaderMap) {
    // Never over http (RFC 6797 section 7.2).
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ALONE);
    }
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
