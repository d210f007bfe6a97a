//! API Gateway's HTTP API between a client and a function: HTTP becomes an event of payload format 2.0, and the function's
//! response becomes HTTP again. The gateway's own responses are here, too.

use std::collections::HashMap;
use std::net::IpAddr;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use serde_json::{Value, json};
use shared::clock::Timestamp;
use time::OffsetDateTime;
use time::macros::format_description;

/// The most bytes of request line and headers together (API Gateway's quota).
pub const HEADERS_MAX_BYTES: usize = 10_240;
/// The longest body that the gateway accepts (API Gateway's quota).
pub const BODY_MAX_BYTES: usize = 10 * 1024 * 1024;

/// The header in which the gateway names a request, as in the functions' log lines.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// Returns a response of the gateway itself: `{"message": …}` and none of our headers.
pub fn own_response(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(own_body(message).to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Returns the body of such a response.
pub fn own_body(message: &str) -> Value {
    json!({ "message": message })
}

/// Reports whether request line and headers are over [`HEADERS_MAX_BYTES`].
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
    /// The values of the route's path variables.
    pub path_parameters: HashMap<String, String>,
    /// The gateway's id of this request.
    pub request_id: &'a str,
    /// When it arrived.
    pub time: Timestamp,
    /// The address of the connection.
    pub source_ip: IpAddr,
}

impl GatewayRequest<'_> {
    /// Returns the event, as API Gateway sends it to the function; `None` where it cannot be written as JSON.
    pub fn event(self) -> Option<Value> {
        let uri = &self.parts.uri;
        let header = |name: HeaderName| {
            let value = self.parts.headers.get(name);
            let text = value.and_then(|value| value.to_str().ok());
            text.unwrap_or_default().to_owned()
        };
        let mut event = ApiGatewayV2httpRequest::default();
        event.version = Some("2.0".to_owned());
        event.route_key = Some(self.route_key.to_owned());
        event.raw_path = Some(uri.path().to_owned());
        event.raw_query_string = Some(uri.query().unwrap_or_default().to_owned());
        event.headers = joined_headers(&self.parts.headers);
        event.cookies = cookies(&self.parts.headers);
        event.query_string_parameters = query(uri.query().unwrap_or_default()).into();
        event.path_parameters = self.path_parameters;
        if !self.body.is_empty() {
            let content_type = header(header::CONTENT_TYPE);
            let (body, is_base64) = encoded_body(self.body, &content_type);
            event.body = Some(body);
            event.is_base64_encoded = is_base64;
        }
        let context = &mut event.request_context;
        context.account_id = Some("000000000000".to_owned());
        context.apiid = Some("local".to_owned());
        context.domain_name = Some("localhost".to_owned());
        context.domain_prefix = Some("local".to_owned());
        context.request_id = Some(self.request_id.to_owned());
        context.route_key = Some(self.route_key.to_owned());
        context.stage = Some("$default".to_owned());
        context.time = Some(common_log_time(self.time));
        context.time_epoch = self.time.unix().saturating_mul(1000);
        context.http.method = self.parts.method.clone();
        context.http.path = Some(uri.path().to_owned());
        context.http.protocol = Some("HTTP/1.1".to_owned());
        context.http.source_ip = Some(self.source_ip.to_string());
        context.http.user_agent = Some(header(header::USER_AGENT));
        let mut event = serde_json::to_value(event).ok()?;
        // The type also has members of other events and of stages with variables, which API Gateway does not send here.
        event.as_object_mut()?.retain(|name, value| {
            !value.is_null() && !["httpMethod", "stageVariables"].contains(&name.as_str())
        });
        Some(event)
    }
}

/// Joins a repeated header's values by a comma. Cookies have a member of their own in the event.
fn joined_headers(headers: &HeaderMap) -> HeaderMap {
    let names = headers.keys().filter(|name| *name != header::COOKIE);
    let joined = names.filter_map(|name| {
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        let value = HeaderValue::from_bytes(values.join(",").as_bytes()).ok()?;
        Some((name.clone(), value))
    });
    joined.collect()
}

fn cookies(headers: &HeaderMap) -> Option<Vec<String>> {
    let cookies: Vec<String> = headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .map(|cookie| String::from_utf8_lossy(cookie.trim_ascii()).into_owned())
        .collect();
    (!cookies.is_empty()).then_some(cookies)
}

fn query(query: &str) -> HashMap<String, Vec<String>> {
    let mut parameters: HashMap<String, Vec<String>> = HashMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        parameters
            .entry(name.into_owned())
            .or_default()
            .push(value.into_owned());
    }
    parameters
}

/// Encodes a body: text types as they are, everything else (a form, too) in base64.
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

/// Converts a function's response; one that is malformed becomes the gateway's 500.
pub fn http_response(response: Value) -> Response<Body> {
    let broken = || own_response(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    let Ok(response) = serde_json::from_value::<ApiGatewayV2httpResponse>(response) else {
        return broken();
    };
    let Some(status) = u16::try_from(response.status_code)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok())
    else {
        return broken();
    };
    let Some(body) = body_bytes(&response) else {
        return broken();
    };
    let mut converted = Response::new(Body::from(body));
    *converted.status_mut() = status;
    *converted.headers_mut() = response.headers;
    for cookie in &response.cookies {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            converted.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    converted
}

fn body_bytes(response: &ApiGatewayV2httpResponse) -> Option<Vec<u8>> {
    use lambda_http::Body as FunctionBody;
    match response.body.as_ref() {
        Some(FunctionBody::Text(text)) if response.is_base64_encoded => STANDARD.decode(text).ok(),
        Some(body) => Some(body.to_vec()),
        None => Some(Vec::new()),
    }
}
