//! What a client may write into an event without any effect, and events that API Gateway never sends.

use std::collections::BTreeMap;

use docs::Docs;
use local::functions::{Callable, FUNCTIONS};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::env::Env;
use shared::function::Function;
use shared::lambda::{Served, invoke};
use testing::deployment::Deployment;
use testing::event::{Event, me};
use testing::forge::Forger;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::running::Running;

/// Headers that no function reads.
const HEADERS: &[(&str, &str)] = &[
    ("host", "a:b"),
    ("host", ""),
    ("host", "a b"),
    ("host", "[::1"),
    ("host", "one.example.com,two.example.com"),
    ("host", "user@host"),
    ("host", "a:99999"),
    ("host", "<a>"),
    ("host", "münchen.example"),
    ("host", "a/../b?c#d"),
    ("host", "%zz"),
    ("x-forwarded-proto", "https,http"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-proto", "javascript"),
    ("x-forwarded-proto", ""),
    ("x-forwarded-proto", "ht tp"),
    ("x-forwarded-proto", "https://"),
    ("x-forwarded-proto", "ü"),
    ("x-forwarded-host", "a:b,c"),
    ("x-forwarded-for", "no address, , ;"),
    ("x-forwarded-port", "-1"),
    ("x-forwarded-prefix", "//"),
    ("x-amzn-trace-id", "Root=;;=;"),
    ("forwarded", "for=\"_;proto=ht tp;host=\""),
    ("user-agent", "\"\\\t{}"),
    ("accept", "*/*;q=x,,"),
    ("accept-charset", "\u{20ac}"),
    ("accept-encoding", "gzip;q=-1"),
    ("cookie", "=; ;;ü=\"; a"),
    ("range", "bytes=-"),
    ("if-none-match", "*"),
    ("if-match", "\""),
    ("origin", "null"),
    ("referer", "http://[/"),
    ("x-http-method-override", "DELETE"),
    ("x-original-url", "/token"),
    ("x-lambda-http-content-encoding", "gzip"),
    ("upgrade", "h2c"),
    ("via", "\u{80}"),
];

const QUERIES: &[&str] = &[
    "a=<b>",
    "\"",
    "%",
    "%zz",
    "%ff",
    "%00",
    "a&&==&",
    "{}|\\^`",
    "ü",
    "????",
    "access_token=a",
    "proxy=page.js",
];

/// Returns the rest of what a client can write, as members of an event.
fn members() -> Vec<Value> {
    vec![
        json!({"rawQueryString": "#"}),
        json!({"rawQueryString": " \u{0}"}),
        json!({"rawQueryString": 5}),
        json!({"queryStringParameters": {"": ["\u{0}"]}}),
        json!({"cookies": ["=", "\n", "", "ü"]}),
        json!({"cookies": "a"}),
        json!({"rawPath": ""}),
        json!({"rawPath": "no slash <\u{0}"}),
        json!({"rawPath": "//%ff/.."}),
        json!({"headers": {"": "a", " ": "a", "a b": "a", "a:b": "a", "ü": "a", "a\nb": "a"}}),
        json!({"headers": {"x-controls": "\u{0}\r\n\u{7f}"}}),
        json!({"headers": {"host": "\r\nset-cookie: a", "x-forwarded-proto": "\u{0}"}}),
        json!({"headers": {"content-length": "-1", "transfer-encoding": "chunked, a", "connection": "close, host"}}),
        json!({"headers": {"x-number": 5, "x-list": ["a"], "x-null": null}}),
        json!({"headers": {"x-long": "x".repeat(70_000)}}),
        json!({"headers": {"x".repeat(70_000): "a"}}),
        json!({"requestContext": {"http": {"userAgent": "\u{0}", "sourceIp": "?", "protocol": ""}}}),
        json!({"requestContext": {"authorizer": 5, "timeEpoch": "never", "stage": 5}}),
    ]
}

/// Sets the members of `patch` in `value`.
fn merge(value: &mut Value, patch: &Value) {
    match (value, patch) {
        (Value::Object(members), Value::Object(patch)) => {
            for (name, patch) in patch {
                merge(members.entry(name).or_insert(json!({})), patch);
            }
        }
        (value, patch) => *value = patch.clone(),
    }
}

/// Every function behind a route, and an event whose response is the same each time.
struct Fixture {
    functions: BTreeMap<&'static str, Callable>,
    events: Vec<(&'static str, Value)>,
    _deployment: Deployment,
}

impl Fixture {
    async fn start() -> Self {
        let deployment = Deployment::start().await;
        let id = deployment.user("johndoe", "correct horse battery").await;
        let now = Clock::system().now().unix();
        let keys = std::fs::read_to_string(deployment.keys_file()).unwrap();
        let token = Forger::new(&keys, testing::deployment::ISSUER, &id, now).token(|_, _| {});
        let mut functions = BTreeMap::new();
        for registered in FUNCTIONS {
            let callable = registered.callable(&deployment.env(), &Clock::system()).await;
            if let Some(callable) = callable.unwrap() {
                functions.insert(registered.name, callable);
            }
        }
        let events = vec![
            ("api-keys", Event::new("GET", "/api-keys").bearer("x.y.z")),
            ("docs", Event::new("GET", "/openapi.json")),
            ("me", me(&token)),
            ("pages", Event::new("GET", "/verify-email").query("token=x")),
            (
                "recovery",
                Event::new("POST", "/verify").json(&json!({"token": "x", "password": "y"})),
            ),
            (
                "register",
                Event::new("POST", "/register").json(&json!({"username": "a@b"})),
            ),
            ("sessions", Event::new("DELETE", "/sessions").bearer("x.y.z")),
            (
                "token",
                // Too long to be hashed, so that it is no attempt to wait by.
                Event::new("POST", "/token").form(&format!("username=johndoe&password={}", "x".repeat(1025))),
            ),
            ("well-known", Event::new("GET", "/.well-known/jwks.json")),
        ];
        let events: Vec<_> = events
            .into_iter()
            .map(|(name, event)| (name, event.value().clone()))
            .collect();
        assert!(
            events.iter().map(|(name, _)| name).eq(functions.keys()),
            "a function has no event here"
        );
        Self {
            functions,
            events,
            _deployment: deployment,
        }
    }

    /// Returns a function's response; an invocation that fails is text.
    async fn call(&self, function: &str, event: &Value) -> Value {
        // A task of its own, since a panic outside the guard would end the test.
        let call = {
            let (function, event) = (self.functions[function].clone(), event.clone());
            tokio::spawn(async move { function.call(event).await })
        };
        match call.await {
            Ok(Some(response)) => response,
            _ => json!("the invocation failed"),
        }
    }
}

#[tokio::test]
async fn no_odd_header_query_path_or_cookie_changes_a_response() {
    let fixture = Fixture::start().await;
    let headers = HEADERS
        .iter()
        .map(|(name, value)| json!({"headers": {*name: value}}));
    let queries = QUERIES.iter().map(|query| json!({"rawQueryString": query}));
    let patches: Vec<Value> = headers.chain(queries).chain(members()).collect();
    let mut changed = Vec::new();
    for (function, event) in &fixture.events {
        let expected = fixture.call(function, event).await;
        for patch in &patches {
            let mut event = event.clone();
            merge(&mut event, patch);
            let response = fixture.call(function, &event).await;
            if response != expected {
                changed.push(format!("{function}: {patch:.100} {response:.100}"));
            }
        }
    }
    assert!(
        changed.is_empty(),
        "{} of {}:\n{}",
        changed.len(),
        fixture.events.len() * patches.len(),
        changed.join("\n")
    );
}

#[tokio::test]
async fn no_odd_header_or_query_changes_a_response_over_http() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    let body = |content_type, body: &str| {
        let length = body.len();
        format!("content-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let json = body("application/json", "{\"username\": \"a@b\"}");
    let form = body(
        "application/x-www-form-urlencoded",
        &format!("username=johndoe&password={}", "x".repeat(1025)),
    );
    let requests = [
        ("GET /openapi.json", "\r\n".to_owned()),
        ("GET /users/me", format!("authorization: Bearer {token}\r\n\r\n")),
        ("POST /register", json),
        ("POST /token", form),
        ("GET /.well-known/jwks.json", "\r\n".to_owned()),
    ];
    let send = async |line: &str, headers: &[u8], rest: &str| {
        let address = service.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = [
            format!("{line} HTTP/1.1\r\n").as_bytes(),
            headers,
            b"connection: close\r\n",
            rest.as_bytes(),
        ]
        .concat();
        stream.write_all(&request).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        // All but the headers `date` and `content-length`, and the request's id.
        let status = response.lines().next().unwrap_or_default().to_owned();
        let body = response.split("\r\n\r\n").nth(1).unwrap_or_default();
        let body = body.split("\"instance\"").next().unwrap_or_default();
        (status, body.to_owned())
    };
    let mut changed = Vec::new();
    for (line, rest) in &requests {
        let expected = send(line, b"host: a\r\n", rest).await;
        assert!(!expected.1.is_empty(), "{expected:?}");
        for (name, value) in HEADERS {
            let header = format!("{name}: {value}\r\n");
            // Two `Host` headers, too.
            for headers in [
                header.as_bytes().to_vec(),
                [header.as_bytes(), b"host: \xff\r\n"].concat(),
            ] {
                if send(line, &headers, rest).await != expected {
                    changed.push(format!("{line} {header:?}"));
                }
            }
        }
        for query in QUERIES {
            let response = send(&format!("{line}?{query}"), b"", rest).await;
            // The server itself rejects what is no URI.
            let rejected = query.contains(['<', '"']) && response.0 == "HTTP/1.1 400 Bad Request";
            if !rejected && response != expected {
                changed.push(format!("{line}?{query}"));
            }
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

#[tokio::test]
async fn an_authorization_that_cannot_be_a_header_is_malformed_and_not_absent() {
    let fixture = Fixture::start().await;
    for value in [
        json!("Bearer \u{0}"),
        json!("Bearer a\r\nb"),
        json!("\u{7f}"),
        json!("Bearer ü"),
    ] {
        let mut event = me("a").value().clone();
        event["headers"]["authorization"] = value.clone();
        assert_eq!(fixture.call("me", &event).await["statusCode"], 400, "{value}");
    }
    // Names differ by case alone, so these are two values.
    let mut event = me("a").value().clone();
    event["headers"]["Authorization"] = json!("Bearer b");
    assert_eq!(fixture.call("me", &event).await["statusCode"], 400);
}

#[tokio::test]
async fn what_is_no_event_is_the_500_of_the_error_table() {
    let function = Served::<Docs>::start(&Env::new(|_| None), &Clock::system())
        .await
        .unwrap();
    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for text in [
        "null",
        "5",
        "\"\"",
        "[]",
        "{}",
        "\"\\ud800\"",
        "{\"routeKey\":5}",
        "{\"routeKey\":\"\"}",
        &nested,
        "{\"routeKey\":\"$default\"}",
        "{\"version\":\"1.0\",\"httpMethod\":\"GET\",\"path\":\"/docs\"}",
        "{\"routeKey\":\"GET /docs\",\"isBase64Encoded\":true,\"body\":\"?\"}",
    ] {
        let response = serde_json::to_value(invoke(&function, text, "an id").await).unwrap();
        assert_eq!(response["statusCode"], 500, "{text}: {response}");
        let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["instance"], "urn:request:an id");
        assert_eq!(response["headers"]["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn no_change_of_an_event_fails_its_invocation() {
    let fixture = Fixture::start().await;
    let mut random = fastrand::Rng::with_seed(10);
    for (function, event) in &fixture.events {
        for _ in 0..200 {
            let mut changed = event.clone();
            for _ in 0..random.usize(1..4) {
                change(&mut changed, &mut random);
            }
            let response = fixture.call(function, &changed).await;
            assert_eq!(
                response["headers"]["x-content-type-options"], "nosniff",
                "{function}: {changed}: {response}"
            );
        }
    }
}

/// Replaces or removes one value anywhere in an event.
fn change(value: &mut Value, random: &mut fastrand::Rng) {
    if let Value::Object(members) = value
        && !members.is_empty()
        && random.usize(0..8) > 0
    {
        let name = members
            .keys()
            .nth(random.usize(0..members.len()))
            .unwrap()
            .clone();
        if random.usize(0..8) == 0 {
            members.remove(&name);
        } else {
            change(&mut members[&name], random);
        }
        return;
    }
    let text: String = (0..random.usize(0..9)).map(|_| random.char(..)).collect();
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!([]),
        json!({}),
        json!(text),
        json!(["a", null]),
        json!("$default"),
        json!("{proxy+}"),
        json!(" "),
        json!({"proxy": text}),
        json!({"a": {"b": text}}),
    ];
    *value = values[random.usize(0..values.len())].clone();
}
