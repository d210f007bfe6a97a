//! How answers are documented: each from the real one, so that a status, a header or a word stands once, in the code that
//! sends it.

use std::collections::BTreeMap;

use lambda_http::http::HeaderMap;
use lambda_http::{Body, Response};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response as Documented, ResponseBuilder};

use crate::clock::Timestamp;
use crate::error::{Dialect, Error, OAuthError, Problem};
use crate::http::set_common_headers;
use crate::user::{Email, FullName, User, UserId, Username};

/// The gateway's id in the examples.
const REQUEST_ID: &str = "JKJaXmPLvHcESHA=";

/// The answers of an operation, by status.
pub type Answers = BTreeMap<String, RefOr<Documented>>;

/// The user of the examples.
///
/// # Errors
///
/// Where the example breaks a rule of its own fields.
pub fn example_user() -> Result<User, Error> {
    let broken = |_| Error::internal("the example", "it breaks a rule");
    let time = Timestamp::from_unix(1_795_466_820);
    Ok(User {
        id: UserId::known("01KAS8M1E0QZ3V5X7Y9A1B3C5D".to_owned()),
        username: Some(Username::parse("johndoe").map_err(broken)?),
        email: Some(Email::parse("johndoe@example.com").map_err(broken)?),
        full_name: Some(FullName::parse("John Doe").map_err(broken)?),
        website: None,
        disabled: false,
        created_at: time,
        updated_at: time,
    })
}

/// Documents errors: each with its own words as an example, all of one status together.
#[must_use]
pub fn errors(dialect: Dialect, cases: Vec<(&'static str, Error)>) -> Answers {
    let mut by_status: BTreeMap<String, Vec<(&'static str, Response<Body>)>> = BTreeMap::new();
    for (name, error) in cases {
        let mut response = error.into_response(dialect, REQUEST_ID);
        set_common_headers(dialect, response.headers_mut());
        by_status
            .entry(response.status().as_str().to_owned())
            .or_default()
            .push((name, response));
    }
    let schema = match dialect {
        Dialect::OAuth => OAuthError::name(),
        Dialect::Problem => Problem::name(),
    };
    by_status
        .into_iter()
        .map(|(status, responses)| (status, documented(&schema, responses).into()))
        .collect()
}

/// Documents the answer of a success by a real one.
#[must_use]
pub fn success(schema: &str, name: &'static str, dialect: Dialect, mut response: Response<Body>) -> Answers {
    set_common_headers(dialect, response.headers_mut());
    let status = response.status().as_str().to_owned();
    [(status, documented(schema, vec![(name, response)]).into())].into()
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
                value.to_str().unwrap_or_default().clone_into(&mut content_type);
            } else {
                headers.insert(header.clone(), value.clone());
            }
        }
        let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let summary = body["detail"].as_str().unwrap_or(name).to_owned();
        examples.push((
            name,
            ExampleBuilder::new().summary(summary).value(Some(body)).build(),
        ));
    }
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(schema)))
        .examples_from_iter(examples)
        .build();
    let mut documented = ResponseBuilder::new()
        .description(phrase)
        .content(content_type, content);
    for (name, value) in &headers {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let header = HeaderBuilder::new()
            .schema(Some(text))
            .example(value.to_str().ok().map(Value::from));
        documented = documented.header(name.as_str(), header.build());
    }
    documented.build()
}
