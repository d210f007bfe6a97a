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
    let text = value.to_str().map_err(|_| Error::MalformedAuthorization)?;
    // A tab ends the scheme, too, though only spaces may follow it.
    let (scheme, rest) = text.split_at(text.find([' ', '\t']).unwrap_or(text.len()));
    if !scheme.eq_ignore_ascii_case("bearer") {
        // Other schemes may have commas of their own (`Digest a=b, c="d, e"`), between parameters and in quotes.
        let mut quoted = false;
        let mut parts = text.split(|character| {
            quoted ^= character == '"';
            character == ',' && !quoted
        });
        let joined = parts.by_ref().skip(1).any(|part| !is_auth_param(part));
        return Err(if joined {
            Error::MalformedAuthorization
        } else {
            Error::NotAuthenticated
        });
    }
    let token = rest.trim_matches(' ');
    if is_b64token(token) {
        Ok(token)
    } else {
        Err(Error::MalformedAuthorization)
    }
}

/// Reports whether a text is a parameter of a challenge's response (RFC 9110 section 11.2): a name, an equals sign and a value.
fn is_auth_param(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, value)| {
        let name = name.trim();
        !name.is_empty() && !name.contains([' ', '\t']) && !value.trim_start_matches('=').trim().is_empty()
    })
}

/// Reports whether a text is a b64token (RFC 6750 section 2.1): `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}
