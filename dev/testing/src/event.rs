//! Small API Gateway events, made in code. The whole ones are in `events/`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// An event under construction.
#[derive(Clone, Debug)]
pub struct Event(Value);

impl Event {
    /// Creates an event of a method and a path, without headers and body.
    pub fn new(method: &str, path: &str) -> Self {
        Self(json!({
            "version": "2.0",
            "routeKey": format!("{method} {path}"),
            "rawPath": path,
            "rawQueryString": "",
            "headers": {},
            "requestContext": {
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
                "requestId": "JKJaXmPLvHcESHA=",
                "stage": "$default",
                "timeEpoch": 0,
            },
            "isBase64Encoded": false,
        }))
    }

    /// Creates an event of a route that ends in `{id}`.
    pub fn with_id(method: &str, route: &str, id: &str) -> Self {
        let mut event = Self::new(method, &route.replace("{id}", id));
        event.0["routeKey"] = json!(format!("{method} {route}"));
        event.0["pathParameters"] = json!({"id": id});
        event
    }

    /// Sets the query as a client sends it.
    pub fn query(mut self, query: &str) -> Self {
        self.0["rawQueryString"] = json!(query);
        self
    }

    /// Sets a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = json!(value);
        self
    }

    /// Sets a form as the body, in base64 as the gateway sends it.
    pub fn form(mut self, body: &str) -> Self {
        self.0["body"] = json!(STANDARD.encode(body));
        self.0["isBase64Encoded"] = json!(true);
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// Sets a JSON body, plain as the gateway sends it.
    pub fn json(mut self, body: &Value) -> Self {
        self.0["body"] = json!(body.to_string());
        self.header("content-type", "application/json")
    }

    /// Sets a bearer token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sets the address that the request comes from.
    pub fn from_address(mut self, address: &str) -> Self {
        self.0["requestContext"]["http"]["sourceIp"] = json!(address);
        self
    }

    /// Returns the event as JSON.
    pub fn value(&self) -> &Value {
        &self.0
    }
}

/// Returns `POST /token` with the password grant.
pub fn log_in(username: &str, password: &str) -> Event {
    let form: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("username", username)
        .append_pair("password", password)
        .finish();
    Event::new("POST", "/token").form(&form)
}

/// Returns `POST /register`.
pub fn register(body: &Value) -> Event {
    Event::new("POST", "/register").json(body)
}

/// Returns `GET /users/me`.
pub fn me(token: &str) -> Event {
    Event::new("GET", "/users/me").bearer(token)
}
