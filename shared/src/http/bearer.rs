//! The `Authorization` header (RFC 6750 section 2.1); the query and the body are never read.

use lambda_http::http::{HeaderMap, header};

use crate::error::Error;

/// Returns the bearer token of a request.
///
/// # Errors
///
/// [`Error::NotAuthenticated`] without the header or with another scheme; [`Error::MalformedAuthorization`] for two values,
/// which the gateway joins by a comma, and for `Bearer` without exactly one b64token.
pub fn token(headers: &HeaderMap) -> Result<&str, Error> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(Error::NotAuthenticated);
    };
    if values.next().is_some() {
        return Err(Error::MalformedAuthorization);
    }
    let bytes = value.as_bytes();
    // A tab ends the scheme, too, though only spaces may follow it.
    let end = bytes.iter().position(|byte| b" \t".contains(byte));
    let (scheme, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        let is_scheme = scheme.is_ascii() && !scheme.contains(&b',');
        let is_one = is_scheme && (!rest.contains(&b',') || are_auth_params(rest));
        return Err(if is_one {
            Error::NotAuthenticated
        } else {
            Error::MalformedAuthorization
        });
    }
    let token = std::str::from_utf8(rest).unwrap_or_default().trim_matches(' ');
    if is_b64token(token) {
        Ok(token)
    } else {
        Err(Error::MalformedAuthorization)
    }
}

/// Reports whether credentials are a list of parameters, such as `a=b, c="d, e"` (RFC 9110 section 11.4): only those have commas in
/// one value.
fn are_auth_params(credentials: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    let params: Vec<&[u8]> = credentials
        .split(|byte| {
            quoted ^= *byte == b'"' && !escaped;
            escaped = quoted && *byte == b'\\' && !escaped;
            *byte == b',' && !quoted
        })
        .map(<[u8]>::trim_ascii)
        // A list may have empty elements (RFC 9110 section 5.6.1).
        .filter(|param| !param.is_empty())
        .collect();
    !quoted && !params.is_empty() && params.iter().all(|param| is_auth_param(param))
}

/// Reports whether bytes are a name, an equals sign and a value.
fn is_auth_param(param: &[u8]) -> bool {
    let mut sides = param.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
    let (name, value) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
    !name.is_empty()
        && !name.iter().any(u8::is_ascii_whitespace)
        && !value.is_empty()
        && !value.starts_with(b"=")
}

/// Reports whether a text is a b64token (RFC 6750 section 2.1): `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}
