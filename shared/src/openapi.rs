//! How responses and fields are documented. A response is documented by a real one, so that a status, a header or a message
//! stands once, in the code that sends it.

use std::collections::BTreeMap;

use lambda_http::http::HeaderMap;
use lambda_http::{Body, Response};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response as Documented, ResponseBuilder};

use crate::error::{Error, ErrorFormat, OAuthError, Problem};
use crate::http::headers::set_common;

/// The gateway's id in the examples.
const REQUEST_ID: &str = "JKJaXmPLvHcESHA=";

/// The responses of an operation, by status.
pub type Responses = BTreeMap<String, RefOr<Documented>>;

/// Documents the responses of an operation behind a token, as [`responses`] does: with the errors that all such have, and its own.
pub fn behind_a_token(
    schema: &str,
    name: &'static str,
    success: Result<Response<Body>, Error>,
    own: Vec<(&'static str, Error)>,
) -> Responses {
    let mut errors = vec![
        ("no_token", Error::NotAuthenticated),
        ("invalid_token", Error::InvalidToken),
        ("malformed", Error::MalformedAuthorization),
        ("inactive", Error::Inactive),
        ("unavailable", Error::unavailable("", "")),
        ("fault", Error::internal("", "")),
    ];
    errors.extend(own);
    responses(ErrorFormat::Problem, schema, name, success, errors)
}

/// Documents the responses of an operation: a success by a real response, and each error with its own message as an example, all
/// of one status together. A success without a body has no schema; `schema` is then not looked at.
pub fn responses(
    format: ErrorFormat,
    schema: &str,
    name: &'static str,
    success: Result<Response<Body>, Error>,
    errors: Vec<(&'static str, Error)>,
) -> Responses {
    let error_schema = match format {
        ErrorFormat::OAuth => OAuthError::name(),
        ErrorFormat::Problem => Problem::name(),
    };
    let errors = errors
        .into_iter()
        .map(|(name, error)| (&*error_schema, name, error.into_response(format, REQUEST_ID)));
    let success = success.into_iter().map(|response| (schema, name, response));
    of(format, success.chain(errors))
}

/// Documents responses, each with its schema and its name: those of one status together.
pub fn of<'a>(
    format: ErrorFormat,
    all: impl IntoIterator<Item = (&'a str, &'static str, Response<Body>)>,
) -> Responses {
    let mut by_status: BTreeMap<String, (&str, Vec<_>)> = BTreeMap::new();
    for (schema, name, mut response) in all {
        set_common(format, true, response.headers_mut());
        let status = response.status().as_str().to_owned();
        let (_, examples) = by_status.entry(status).or_insert((schema, Vec::new()));
        examples.push((name, response));
    }
    by_status
        .into_iter()
        .map(|(status, (schema, examples))| (status, documented(schema, examples).into()))
        .collect()
}

fn documented(schema: &str, responses: Vec<(&'static str, Response<Body>)>) -> Documented {
    let phrase = responses
        .first()
        .and_then(|(_, response)| response.status().canonical_reason())
        .unwrap_or_default();
    let mut headers = HeaderMap::new();
    let mut content_type = String::new();
    let mut examples = Vec::new();
    for (name, response) in responses {
        for (header, value) in response.headers() {
            if header == "content-type" {
                let media_type = value.to_str().unwrap_or_default().split(';').next();
                media_type.unwrap_or_default().clone_into(&mut content_type);
            } else {
                headers.insert(header.clone(), value.clone());
            }
        }
        if response.body().is_empty() {
            continue;
        }
        // What is no JSON, such as a page, is a string in the document.
        let body: Value = serde_json::from_slice(response.body())
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(response.body())));
        let summary = body["detail"].as_str().unwrap_or(name).to_owned();
        examples.push((
            name,
            ExampleBuilder::new().summary(summary).value(Some(body)).build(),
        ));
    }
    let mut documented = ResponseBuilder::new().description(phrase);
    if !examples.is_empty() {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(schema)))
            .examples_from_iter(examples)
            .build();
        documented = documented.content(content_type, content);
    }
    for (name, value) in &headers {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let header = HeaderBuilder::new()
            .schema(Some(text))
            .example(value.to_str().ok().map(Value::from));
        documented = documented.header(name.as_str(), header.build());
    }
    documented.build()
}

/// Creates the schema of a text.
pub fn described(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
}

/// Creates the part of a text field's schema that all fields have.
pub fn text(description: &str, example: &str) -> ObjectBuilder {
    described(description).examples([example])
}

/// Creates the schema of a member that may be `null`.
pub fn or_null(schema: RefOr<Schema>) -> OneOfBuilder {
    OneOfBuilder::new()
        .item(schema)
        .item(ObjectBuilder::new().schema_type(Type::Null))
}

/// Merges the members of object schemas into one, the first member of the first schema first.
pub fn merged<const N: usize>(description: &str, parts: [RefOr<Schema>; N]) -> RefOr<Schema> {
    let mut merged = ObjectBuilder::new().description(Some(description)).build();
    for part in parts {
        if let RefOr::T(Schema::Object(object)) = part {
            merged.properties.extend(object.properties);
            merged.required.extend(object.required);
        }
    }
    Schema::Object(merged).into()
}
