//! What API Gateway's HTTP API does between a client and a function: HTTP becomes an event of payload format 2.0, and the
//! function's answer becomes HTTP again. What it answers by itself is here, too.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use serde_json::{Map, Value, json};
use shared::clock::Timestamp;
use time::OffsetDateTime;
use time::macros::format_description;

/// The most bytes of request line and headers together (API Gateway's quota).
pub const HEADERS_MAX_BYTES: usize = 10_240;
/// The longest body that the gateway takes (API Gateway's quota).
pub const BODY_MAX_BYTES: usize = 10 * 1024 * 1024;

/// An answer of the gateway itself: `{"message": …}` and none of our headers.
#[must_use]
pub fn own_answer(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(own_body(message).to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// The body of such an answer.
#[must_use]
pub fn own_body(message: &str) -> Value {
    json!({ "message": message })
}

/// Whether request line and headers are over [`HEADERS_MAX_BYTES`].
#[must_use]
pub fn headers_too_large(parts: &Parts) -> bool {
    let line = parts.method.as_str().len() + parts.uri.path_and_query().map_or(1, |path| path.as_str().len());
    let headers: usize = parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    line + headers > HEADERS_MAX_BYTES
}

/// A request that reached a route.
pub struct GatewayRequest<'a> {
    /// Method, path, query and headers.
    pub parts: &'a Parts,
    /// The whole body.
    pub body: &'a [u8],
    /// The route's key, such as `POST /token`.
    pub route_key: &'a str,
    /// What the route's path variables stand for.
    pub path_parameters: &'a BTreeMap<String, String>,
    /// The gateway's id of this request.
    pub request_id: &'a str,
    /// When it arrived.
    pub time: Timestamp,
}

impl GatewayRequest<'_> {
    /// The event, as API Gateway sends it to the function.
    #[must_use]
    pub fn event(&self) -> Value {
        let uri = &self.parts.uri;
        let header = |name: HeaderName| {
            self.parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let mut event = json!({
            "version": "2.0",
            "routeKey": self.route_key,
            "rawPath": uri.path(),
            "rawQueryString": uri.query().unwrap_or_default(),
            "headers": joined_headers(&self.parts.headers),
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": header(header::HOST),
                "domainPrefix": "local",
                "http": {
                    "method": self.parts.method.as_str(),
                    "path": uri.path(),
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": header(header::USER_AGENT),
                },
                "requestId": self.request_id,
                "routeKey": self.route_key,
                "stage": "$default",
                "time": common_log_time(self.time),
                "timeEpoch": self.time.unix().saturating_mul(1000),
            },
            "isBase64Encoded": false,
        });
        if let Some(cookies) = cookies(&self.parts.headers) {
            event["cookies"] = cookies;
        }
        if let Some(query) = uri.query().filter(|query| !query.is_empty()) {
            event["queryStringParameters"] = joined_query(query);
        }
        if !self.path_parameters.is_empty() {
            event["pathParameters"] = json!(self.path_parameters);
        }
        if !self.body.is_empty() {
            let (body, is_base64) = encoded_body(self.body, header(header::CONTENT_TYPE));
            event["body"] = Value::String(body);
            event["isBase64Encoded"] = Value::Bool(is_base64);
        }
        event
    }
}

/// Lower-case names; a repeated header's values joined by a comma. Cookies stand elsewhere in the event.
fn joined_headers(headers: &HeaderMap) -> Map<String, Value> {
    headers
        .keys()
        .filter(|name| *name != header::COOKIE)
        .map(|name| {
            let values: Vec<_> = headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            (name.as_str().to_owned(), Value::String(values.join(",")))
        })
        .collect()
}

fn cookies(headers: &HeaderMap) -> Option<Value> {
    let cookies: Vec<String> = headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .map(|cookie| String::from_utf8_lossy(cookie.trim_ascii()).into_owned())
        .collect();
    (!cookies.is_empty()).then(|| json!(cookies))
}

fn joined_query(query: &str) -> Value {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        joined
            .entry(name.into_owned())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    json!(joined)
}

/// Text types travel as they are, everything else (a form, too) in base64.
fn encoded_body(body: &[u8], content_type: &str) -> (String, bool) {
    let content_type = content_type.to_ascii_lowercase();
    let is_text = [
        "text/",
        "application/json",
        "application/javascript",
        "application/xml",
    ]
    .iter()
    .any(|text| content_type.starts_with(text));
    match std::str::from_utf8(body) {
        Ok(text) if is_text => (text.to_owned(), false),
        _ => (STANDARD.encode(body), true),
    }
}

fn common_log_time(time: Timestamp) -> String {
    let format = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    OffsetDateTime::from_unix_timestamp(time.unix())
        .ok()
        .and_then(|time| time.format(&format).ok())
        .unwrap_or_default()
}

/// The HTTP answer for a function's answer; one that is not an answer is the gateway's 500.
#[must_use]
pub fn http_answer(answer: Value) -> Response<Body> {
    let broken = || own_answer(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    let Ok(answer) = serde_json::from_value::<ApiGatewayV2httpResponse>(answer) else {
        return broken();
    };
    let Some(status) = u16::try_from(answer.status_code)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok())
    else {
        return broken();
    };
    let Some(body) = body_bytes(&answer) else {
        return broken();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = answer.headers;
    for cookie in &answer.cookies {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

fn body_bytes(answer: &ApiGatewayV2httpResponse) -> Option<Vec<u8>> {
    use lambda_http::Body as Answered;
    match answer.body.as_ref() {
        Some(Answered::Text(text)) if answer.is_base64_encoded => STANDARD.decode(text).ok(),
        Some(body) => Some(body.to_vec()),
        None => Some(Vec::new()),
    }
}
