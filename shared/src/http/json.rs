//! JSON bodies. A request's is one object, no member twice, and every field that breaks a rule is named at once.

use std::borrow::Cow;
use std::fmt;

use lambda_http::http::{HeaderValue, header};
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use crate::error::{Code, Error, FieldError, Violation};
use crate::http::body::{self, content_type};

/// The message for any other content type.
pub const CONTENT_TYPE: &str = "Content-Type must be application/json";
/// The message for any other content type of a merge patch.
pub const PATCH_CONTENT_TYPE: &str = "Content-Type must be application/json or application/merge-patch+json";
/// The message for JSON that is another value.
pub const ONE_OBJECT: &str = "The body must be one JSON object in UTF-8, without repeated members";

/// How many members that do not exist are named, and how much of each name is repeated, in characters: a client made them up.
const UNKNOWN_NAMED: usize = 20;
const UNKNOWN_CHARS: usize = 64;

/// The members of a JSON object, and the violations found so far.
pub struct Fields {
    members: Vec<(String, Value)>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Reads a request's body.
    ///
    /// # Errors
    ///
    /// In the order of the table: 413, 415, and 400 for what is not one JSON object in UTF-8 without repeated members.
    pub fn read(request: &Request) -> Result<Self, Error> {
        Self::read_as(request, &["application/json"], CONTENT_TYPE)
    }

    /// Reads a merge patch (RFC 7396), under the media type of its own or the plain one.
    ///
    /// # Errors
    ///
    /// As [`Fields::read`].
    pub fn read_patch(request: &Request) -> Result<Self, Error> {
        let types = ["application/json", "application/merge-patch+json"];
        Self::read_as(request, &types, PATCH_CONTENT_TYPE)
    }

    fn read_as(request: &Request, types: &[&str], rule: &'static str) -> Result<Self, Error> {
        let body = body::read(request)?;
        let content_type = content_type(request.headers())?;
        let is_json = content_type.is_some_and(|mime| types.contains(&mime.essence_str()));
        if !body.is_empty() && !is_json {
            return Err(Error::UnsupportedMediaType(rule));
        }
        Self::parse(body)
    }

    /// Parses a JSON object.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] for what is not one JSON object in UTF-8 without repeated members.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let Members(members) =
            serde_json::from_slice(text).map_err(|error| Error::InvalidRequest(malformed(&error)))?;
        Ok(Self {
            members,
            errors: Vec::new(),
        })
    }

    /// Removes and parses a text field. Returns `None` where it is absent, `null`, or breaks a rule, which is then recorded.
    pub fn text<T>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(String) -> Result<T, Violation>,
    ) -> Option<T> {
        let parsed = match self.take(field)? {
            Value::Null => return None,
            Value::String(text) => parse(text),
            _ => Err(Violation::new(Code::Type, "Must be a string")),
        };
        parsed.map_err(|violation| self.reject(field, violation)).ok()
    }

    /// Removes and parses a text field that must be there. Returns `None` where it is absent, `null`, or breaks a rule, which is then recorded,
    /// so that [`Fields::finish`] rejects the body.
    pub fn required<T>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(String) -> Result<T, Violation>,
    ) -> Option<T> {
        if !self.has(field) {
            self.reject(field, Violation::required());
        }
        self.text(field, parse)
    }

    /// Removes and reads a Boolean field. Returns `None` where it is absent, `null`, or has another type, which is then recorded.
    pub fn flag(&mut self, field: &'static str) -> Option<bool> {
        match self.take(field)? {
            Value::Null => None,
            Value::Bool(flag) => Some(flag),
            _ => {
                self.reject(field, Violation::new(Code::Type, "Must be true or false"));
                None
            }
        }
    }

    /// Removes and reads a field that is a whole number of 1 or more. Returns `None` where it is absent, `null`, or breaks that rule, which is
    /// then recorded.
    pub fn positive(&mut self, field: &'static str) -> Option<u32> {
        let violation = match self.take(field)? {
            Value::Null => return None,
            Value::Number(number) if number.is_f64() => Violation::new(Code::Type, "Must be a whole number"),
            Value::Number(number) => {
                let number = number.as_u64().and_then(|number| u32::try_from(number).ok());
                if let Some(number) = number.filter(|number| *number > 0) {
                    return Some(number);
                }
                Violation::new(Code::Invalid, "Must be from 1 to 4294967295")
            }
            _ => Violation::new(Code::Type, "Must be a whole number"),
        };
        self.reject(field, violation);
        None
    }

    /// Removes and parses a field that is an array of strings. Returns `None` where it is absent, `null`, or breaks a rule, which is then
    /// recorded.
    pub fn texts<T>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(Vec<&str>) -> Result<T, Violation>,
    ) -> Option<T> {
        let value = self.take(field)?;
        if value.is_null() {
            return None;
        }
        let items = value.as_array().map(|items| items.iter().map(Value::as_str));
        let parsed = match items.and_then(|texts| texts.collect::<Option<Vec<_>>>()) {
            Some(texts) => parse(texts),
            None => Err(Violation::new(Code::Type, "Must be an array of strings")),
        };
        parsed.map_err(|violation| self.reject(field, violation)).ok()
    }

    fn take(&mut self, field: &str) -> Option<Value> {
        let index = self.members.iter().position(|(name, _)| name == field)?;
        Some(self.members.remove(index).1)
    }

    /// Reports whether a field was sent and is not `null`; only before it is read.
    pub fn has(&self, field: &str) -> bool {
        self.members
            .iter()
            .any(|(name, value)| name == field && !value.is_null())
    }

    /// Reports whether a field was sent as `null`; only before it is read.
    pub fn has_null(&self, field: &str) -> bool {
        self.members
            .iter()
            .any(|(name, value)| name == field && value.is_null())
    }

    /// Records that a field breaks a rule.
    pub fn reject(&mut self, field: &str, violation: Violation) {
        self.errors.push(FieldError::new(field, violation));
    }

    /// Rejects every member that was not read, even as `null`, so that a typing error loses nothing; names the first 20.
    pub fn finish(mut self) -> Result<(), Error> {
        for (name, _) in std::mem::take(&mut self.members).iter().take(UNKNOWN_NAMED) {
            let name: String = name.chars().take(UNKNOWN_CHARS).collect();
            self.reject(&name, Violation::new(Code::Unknown, "No such field"));
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.errors))
        }
    }
}

/// Returns the message for a body that is not one object, with the place where it is no JSON at all. The parser's own message is
/// left out, since it can quote a value.
fn malformed(error: &serde_json::Error) -> Cow<'static, str> {
    match error.classify() {
        Category::Data => ONE_OBJECT.into(),
        // Nothing at all.
        Category::Eof if error.column() == 0 && error.line() == 1 => ONE_OBJECT.into(),
        _ => format!(
            "The body is not valid JSON at line {}, column {}",
            error.line(),
            error.column()
        )
        .into(),
    }
}

/// Creates a JSON response with status 200.
pub fn response<T: Serialize>(value: &T) -> Result<Response<Body>, Error> {
    let text =
        serde_json::to_string(value).map_err(|error| Error::internal("the response", error.to_string()))?;
    let mut response = Response::new(Body::Text(text));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members: Vec<(String, Value)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.iter().any(|(seen, _)| *seen == name) {
                return Err(A::Error::custom("a member twice"));
            }
            members.push((name, value));
        }
        Ok(Members(members))
    }
}
