//! Form bodies: `application/x-www-form-urlencoded` and `multipart/form-data` (RFC 6749 appendix B, RFC 7578).

use std::borrow::Cow;
use std::convert::Infallible;

use lambda_http::Request;
use lambda_http::http::HeaderMap;
use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::http::body::{self, content_type};

/// The message for any other content type.
pub const CONTENT_TYPES: &str =
    "Content-Type must be application/x-www-form-urlencoded or multipart/form-data";

/// The parameters of a form that the endpoint knows; all others are ignored (RFC 6749 section 3.2).
pub struct Form(Vec<(&'static str, Zeroizing<String>)>);

impl Form {
    /// Reads the parameters named in `known`.
    ///
    /// # Errors
    ///
    /// In the order of the table: 413, 415, and 400 for a body that is malformed or names a known parameter twice.
    pub async fn read(request: &Request, known: &'static [&'static str]) -> Result<Self, Error> {
        let body = body::read(request)?;
        let pairs = match Encoding::of(request.headers())? {
            Encoding::UrlEncoded => url_encoded(body)?,
            Encoding::Multipart(boundary) => multipart(body, boundary).await?,
        };
        let mut form: Vec<(&'static str, Zeroizing<String>)> = Vec::new();
        for (name, value) in pairs {
            let Some(name) = known.iter().find(|known| **known == name) else {
                continue;
            };
            if form.iter().any(|(seen, _)| seen == name) {
                return Err(invalid(format!("The parameter {name} must come once")));
            }
            form.push((name, value));
        }
        Ok(Self(form))
    }

    /// Reports whether a parameter was sent; one sent empty counts as not sent.
    pub fn has(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|(known, value)| *known == name && !value.is_empty())
    }

    /// Removes and returns a parameter; one sent empty counts as not sent (RFC 6749 section 3.2).
    pub fn take(&mut self, name: &str) -> Option<Zeroizing<String>> {
        let index = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.swap_remove(index).1).filter(|value| !value.is_empty())
    }
}

enum Encoding {
    UrlEncoded,
    Multipart(String),
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let unsupported = || Error::UnsupportedMediaType(CONTENT_TYPES);
        let content_type = content_type(headers)?.ok_or_else(unsupported)?;
        match content_type.essence_str() {
            "application/x-www-form-urlencoded" => Ok(Self::UrlEncoded),
            "multipart/form-data" => multer::parse_boundary(content_type.as_ref())
                .map(Self::Multipart)
                .map_err(|_| invalid("The Content-Type multipart/form-data must have a boundary")),
            _ => Err(unsupported()),
        }
    }
}

type Pairs = Vec<(String, Zeroizing<String>)>;

/// Parses a URL-encoded body. `form_urlencoded` never fails: it passes a bad escape through and replaces what is not UTF-8, so a
/// mistyped password would be another password. Both are rejected first. (No byte of a multi-byte character is `&`, `=`, `%` or
/// `+`, so the body as a whole is UTF-8 exactly where each value is.)
fn url_encoded(body: &[u8]) -> Result<Pairs, Error> {
    let bad_escape = body.iter().enumerate().any(|(index, byte)| {
        let is_hex = |offset: usize| body.get(index + offset).is_some_and(u8::is_ascii_hexdigit);
        *byte == b'%' && !(is_hex(1) && is_hex(2))
    });
    if bad_escape {
        return Err(invalid(
            "A percent sign must be followed by two hexadecimal digits; write %25 for the sign itself",
        ));
    }
    if percent_decode(body).decode_utf8().is_err() {
        return Err(invalid("The form must be UTF-8"));
    }
    Ok(form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())))
        .collect())
}

async fn multipart(body: &[u8], boundary: String) -> Result<Pairs, Error> {
    let broken = |_| invalid("The multipart body is broken");
    let bytes = body.to_vec();
    let stream = futures_util::stream::once(async { Ok::<_, Infallible>(bytes) });
    let mut parts = multer::Multipart::new(stream, boundary);
    let mut pairs = Pairs::new();
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let name = part
            .name()
            .ok_or_else(|| invalid("Every part of a multipart body must have a name"))?
            .to_owned();
        let value = part.bytes().await.map_err(broken)?;
        let value = std::str::from_utf8(&value).map_err(|_| invalid("The form must be UTF-8"))?;
        pairs.push((name, Zeroizing::new(value.to_owned())));
    }
    Ok(pairs)
}

fn invalid(rule: impl Into<Cow<'static, str>>) -> Error {
    Error::InvalidRequest(rule.into())
}
