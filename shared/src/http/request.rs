//! An event of API Gateway's payload format 2.0 as a request.
//!
//! A client writes the headers, the query, the cookies and the path, and all of them are strings of its choice. So no value of
//! theirs makes an event unreadable, and host, scheme, cookies and path are not converted at all: nothing depends on them. The query is
//! kept as it came.

use std::borrow::Cow;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue};
use lambda_http::{Body, Request};
use serde_json::Value;

use crate::error::Error;
use crate::http::client;

/// The end of the path of a route that matches any rest.
const PROXY: &str = "{proxy+}";

/// The end of the path of a route that matches one segment.
const ID: &str = "{id}";

/// The key that `cargo lambda watch` sends for every route.
const DEFAULT_ROUTE: &str = "$default";

/// The domain that local gateways name.
const LOOPBACK: &str = "localhost";

/// The gateway's id of a request.
#[derive(Clone)]
struct Id(String);

/// The query as the client sent it.
#[derive(Clone)]
struct Query(String);

/// The route that the gateway matched.
#[derive(Clone)]
struct Route {
    method: String,
    path: String,
    rest: String,
}

/// Converts an event.
///
/// # Errors
///
/// [`Error::Internal`] for what API Gateway does not send, whatever the client sent.
pub fn read(event: &Value, id: &str) -> Result<Request, Error> {
    let route = Route::of(event).ok_or_else(|| unreadable("it names no route as payload format 2.0 does"))?;
    let mut request = Request::new(body(event)?);
    *request.headers_mut() = headers(&event["headers"])?;
    request.extensions_mut().insert(route);
    request.extensions_mut().insert(Id(id.to_owned()));
    let query = event["rawQueryString"].as_str().unwrap_or_default();
    request.extensions_mut().insert(Query(query.to_owned()));
    client::identify(&mut request, source_ip(event));
    Ok(request)
}

/// Returns the gateway's id of an event's request; `None` where there was no gateway.
pub fn id_of(event: &Value) -> Option<&str> {
    event["requestContext"]["requestId"].as_str()
}

/// Reports whether an event's request came by https. An HTTP API has no other endpoints
/// (<https://aws.amazon.com/api-gateway/faqs/>), and local gateways name the domain
/// `localhost` or none. `X-Forwarded-Proto` does not decide, since a client can add to it.
pub fn is_https(event: &Value) -> bool {
    let domain = event["requestContext"]["domainName"].as_str();
    domain.is_some_and(|domain| !domain.is_empty() && domain != LOOPBACK)
}

/// Returns the gateway's id of a request.
pub fn id(request: &Request) -> &str {
    request.extensions().get::<Id>().map_or("", |Id(id)| id)
}

/// Returns a parameter of the query, which may be empty; `None` where it is absent. Of Latchkey's own routes, the pages that mails lead to
/// read one.
///
/// # Errors
///
/// [`Error::InvalidRequest`] for one that comes twice.
pub fn query(request: &Request, name: &'static str) -> Result<Option<String>, Error> {
    let query = request.extensions().get::<Query>().map_or("", |Query(text)| text);
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known == name);
    let (value, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(Error::InvalidRequest(
            format!("The parameter {name} must come once").into(),
        ));
    }
    Ok(value.map(|(_, value)| value.into_owned()))
}

/// Returns the address of the connection of an event's request, as the gateway has it.
fn source_ip(event: &Value) -> Option<IpAddr> {
    event["requestContext"]["http"]["sourceIp"].as_str()?.parse().ok()
}

/// Returns method and path of the request's route, and what its `{id}` or `{proxy+}` matched, percent-decoded. A route with an empty rest
/// is the one without: `POST /token/{proxy+}` exists for the slash that some tutorials' clients send, which API Gateway cannot name. A
/// path keeps its `{id}`, so that an empty one is no other route.
pub fn route(request: &Request) -> (&str, &str, &str) {
    let route = request.extensions().get::<Route>();
    route.map_or(("", "", ""), |route| (&route.method, &route.path, &route.rest))
}

impl Route {
    fn of(event: &Value) -> Option<Self> {
        let parameters = &event["pathParameters"];
        let (method, path) = match event["routeKey"].as_str()? {
            // Its own router matched the path and names what matched, but not the route.
            DEFAULT_ROUTE => (
                event["requestContext"]["http"]["method"].as_str()?,
                event["rawPath"].as_str()?,
            ),
            key => key.split_once(' ')?,
        };
        if let Some(id) = parameters["id"].as_str() {
            let (start, _) = path.rsplit_once('/')?;
            return Some(Self {
                method: method.to_owned(),
                path: format!("{start}/{ID}"),
                rest: id.to_owned(),
            });
        }
        let rest = parameters["proxy"].as_str().unwrap_or_default();
        let path = path
            .strip_suffix(PROXY)
            .or_else(|| path.strip_suffix(rest))
            .unwrap_or(path);
        Some(Self {
            method: method.to_owned(),
            path: path.strip_suffix('/').unwrap_or(path).to_owned(),
            rest: rest.to_owned(),
        })
    }
}

fn headers(members: &Value) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in members.as_object().into_iter().flatten() {
        // HTTP has no such header, so no client sent it.
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            continue;
        };
        let text = match value {
            Value::Null => continue,
            Value::String(text) => Cow::Borrowed(text.as_str()),
            other => Cow::Owned(other.to_string()),
        };
        headers
            .try_append(name, header_value(&text)?)
            .map_err(|_| unreadable("it has too many headers"))?;
    }
    Ok(headers)
}

/// Replaces what a header cannot hold. The header stays, so that an `Authorization` with such a character is malformed and not
/// absent.
fn header_value(text: &str) -> Result<HeaderValue, Error> {
    let is_allowed = |character: char| character == '\t' || !character.is_ascii_control();
    let replaced: String = text
        .chars()
        .map(|character| {
            if is_allowed(character) {
                character
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect();
    HeaderValue::try_from(replaced).map_err(|_| unreadable("a header cannot be read"))
}

fn body(event: &Value) -> Result<Body, Error> {
    let text = event["body"].as_str().unwrap_or_default();
    if event["isBase64Encoded"] != true {
        return Ok(Body::from(text));
    }
    STANDARD
        .decode(text)
        .map(Body::from)
        .map_err(|_| unreadable("its body is not base64"))
}

fn unreadable(why: &'static str) -> Error {
    Error::internal("the event", why)
}
