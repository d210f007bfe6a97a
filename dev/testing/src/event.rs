//! API Gateway events made by tests: small ones in code, whole ones from `events/`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Request;
use serde_json::{Value, json};

/// An event under construction.
#[derive(Clone, Debug)]
pub struct Event(Value);

impl Event {
    /// Of a method and a path, without headers and body.
    #[must_use]
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

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = json!(value);
        self
    }

    /// With a form as the gateway sends one: in base64.
    #[must_use]
    pub fn form(mut self, body: &str) -> Self {
        self.0["body"] = json!(STANDARD.encode(body));
        self.0["isBase64Encoded"] = json!(true);
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// With a JSON body as the gateway sends one: plain.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.0["body"] = json!(body.to_string());
        self.header("content-type", "application/json")
    }

    /// With a bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The event itself.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The request that a handler gets for it.
    #[must_use]
    pub fn request(&self) -> Request {
        lambda_http::request::from_str(&self.0.to_string()).unwrap()
    }
}

/// `POST /token` with the password grant.
#[must_use]
pub fn log_in(username: &str, password: &str) -> Event {
    let form: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("username", username)
        .append_pair("password", password)
        .finish();
    Event::new("POST", "/token").form(&form)
}

/// `POST /register`.
#[must_use]
pub fn register(body: &Value) -> Event {
    Event::new("POST", "/register").json(body)
}

/// `GET /users/me`.
#[must_use]
pub fn me(token: &str) -> Event {
    Event::new("GET", "/users/me").bearer(token)
}
