//! Forms in both encodings.

use std::collections::BTreeMap;

use lambda_http::http::Request;
use proptest::prelude::*;
use shared::http::form::Form;
use testing::event::Event;
use tokio::runtime::Runtime;

use super::{Service, any_text, holds, with_body};

const PARAMETERS: &[&str] = &[
    "grant_type",
    "username",
    "password",
    "scope",
    "refresh_token",
    "token",
];

/// Parameters, known ones more often than others, each at most once.
fn parameters() -> impl Strategy<Value = BTreeMap<String, String>> {
    let name = prop_oneof![3 => prop::sample::select(PARAMETERS).prop_map(str::to_owned), 1 => any_text()];
    prop::collection::btree_map(name, any_text(), 0..6)
}

fn url_encoded(parameters: &BTreeMap<String, String>) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters).finish().into_bytes()
}

/// Writes the parameters that may be names in a multipart body as they are.
fn multipart(parameters: &BTreeMap<String, String>) -> Vec<u8> {
    let mut body = String::new();
    for (name, value) in parameters
        .iter()
        .filter(|(name, _)| PARAMETERS.contains(&name.as_str()))
    {
        body += &format!("--b0undary\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    (body + "--b0undary--\r\n").into_bytes()
}

/// Returns what is read of a form, without what was sent empty.
fn read(runtime: &Runtime, content_type: &str, body: Vec<u8>) -> Option<BTreeMap<String, String>> {
    let request = Request::builder().header("content-type", content_type);
    let request = request.body(lambda_http::Body::Binary(body)).unwrap();
    let mut form = runtime.block_on(Form::read(&request, PARAMETERS)).ok()?;
    let taken = PARAMETERS.iter().filter_map(|name| {
        let value = form.take(name)?;
        Some(((*name).to_owned(), value.to_string()))
    });
    Some(taken.collect())
}

const MULTIPART: &str = "multipart/form-data; boundary=b0undary";
const URL_ENCODED: &str = "application/x-www-form-urlencoded";

#[test]
fn a_form_is_read_as_it_was_written_in_both_encodings() {
    let runtime = Runtime::new().unwrap();
    holds(parameters(), |parameters| {
        let known = parameters
            .iter()
            .filter(|(name, value)| PARAMETERS.contains(&name.as_str()) && !value.is_empty());
        let known: BTreeMap<String, String> =
            known.map(|(name, value)| (name.clone(), value.clone())).collect();
        prop_assert_eq!(
            read(&runtime, URL_ENCODED, url_encoded(&parameters)),
            Some(known.clone())
        );
        prop_assert_eq!(read(&runtime, MULTIPART, multipart(&parameters)), Some(known));
        Ok(())
    });
}

#[test]
fn no_form_is_a_5xx_whatever_its_bytes() {
    let service = Service::start();
    let written = (
        parameters(),
        any::<bool>(),
        any::<prop::sample::Index>(),
        any::<u8>(),
    );
    // Forms with one byte exchanged, and any bytes at all.
    let bodies = prop_oneof![
        written.prop_map(|(parameters, is_multipart, index, byte)| {
            let mut body = if is_multipart {
                multipart(&parameters)
            } else {
                url_encoded(&parameters)
            };
            if !body.is_empty() {
                let index = index.index(body.len());
                body[index] = byte;
            }
            body
        }),
        prop::collection::vec(any::<u8>(), 0..200),
    ];
    let types = prop_oneof![
        Just(URL_ENCODED.to_owned()),
        Just(MULTIPART.to_owned()),
        "multipart/form-data; boundary=.{0,10}",
        any_text(),
    ];
    holds((bodies, types, any::<bool>()), |(body, content_type, revokes)| {
        let path = if revokes { "/revoke" } else { "/token" };
        let event = with_body(Event::new("POST", path), &content_type, &body);
        service.send("token", &event).map(|_| ())
    });
}
