//! What holds for any bytes of a client: no panic, no 5xx, and what is written is what is read. `PROPTEST_CASES` sets how many cases
//! each property gets; they are the same in each run.

use std::cell::Cell;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lambda_http::http::{HeaderMap, HeaderValue, Request};
use local::functions::{Callable, FUNCTIONS};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use shared::clock::{Clock, Timestamp};
use shared::env::process_variable;
use shared::http::{bearer, form::Form};
use shared::keys::SessionKey;
use shared::sessions::RefreshToken;
use testing::deployment::{Deployment, ISSUER};
use testing::event::{Event, log_in, me, register};
use testing::forge::Forger;
use testing::rings::shared_ring;
use tokio::runtime::Runtime;

const PARAMETERS: &[&str] = &[
    "grant_type",
    "username",
    "password",
    "scope",
    "refresh_token",
    "token",
];

const HEADERS: &[&str] = &[
    "authorization",
    "content-type",
    "content-encoding",
    "host",
    "user-agent",
    "x-forwarded-for",
    "accept",
];

/// Checks a property for each case of a strategy.
fn holds<S: Strategy>(strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let cases = process_variable("PROPTEST_CASES").and_then(|cases| cases.parse().ok());
    let config = Config {
        cases: cases.unwrap_or(48),
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, random);
    if let Err(error) = runner.run(&strategy, property) {
        panic!("{error}");
    }
}

/// Every function behind a route, called as Lambda calls it.
struct Service {
    runtime: Runtime,
    functions: BTreeMap<&'static str, Callable>,
    forger: Forger,
    _deployment: Deployment,
}

impl Service {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let (deployment, functions, user) = runtime.block_on(async {
            let deployment = Deployment::start()
                .await
                .with("NETWORK_FAILED_LOG_INS", "100000")
                .with("NETWORK_REGISTRATIONS", "100000");
            let user = deployment.user("johndoe", "correct horse battery").await;
            let mut functions = BTreeMap::new();
            for registered in FUNCTIONS {
                let callable = registered.callable(&deployment.env(), &Clock::system()).await;
                if let Some(callable) = callable.unwrap() {
                    functions.insert(registered.name, callable);
                }
            }
            (deployment, functions, user)
        });
        let now = Clock::system().now().unix();
        Self {
            runtime,
            functions,
            forger: Forger::new(shared_ring(), ISSUER, &user, now),
            _deployment: deployment,
        }
    }

    /// Returns the status of a response and its body, which is never a 5xx, and no failed invocation.
    fn send(&self, function: &str, event: &Value) -> Result<(u64, Value), TestCaseError> {
        let function = self.functions[function].clone();
        let event = event.clone();
        // A task of its own, since a panic outside the guard would end the test.
        let call = self.runtime.spawn(async move {
            let mut response = function.call(event.clone()).await;
            // A busy machine's engine can be slower than the SDK waits.
            for _ in 0..3 {
                if response
                    .as_ref()
                    .is_some_and(|response| response["statusCode"] == 503)
                {
                    response = function.call(event.clone()).await;
                }
            }
            response
        });
        let response = self.runtime.block_on(call).ok().flatten();
        let Some(response) = response else {
            return Err(TestCaseError::fail("the invocation failed"));
        };
        let status = response["statusCode"].as_u64().unwrap_or_default();
        prop_assert!((200..500).contains(&status), "{response}");
        let body = response["body"].as_str().unwrap_or_default();
        Ok((status, serde_json::from_str(body).unwrap_or_default()))
    }
}

/// Sets a body of any bytes, as the gateway sends what is no text.
fn with_body(event: Event, content_type: &str, body: &[u8]) -> Value {
    let mut event = event.header("content-type", content_type).value().clone();
    event["body"] = json!(STANDARD.encode(body));
    event["isBase64Encoded"] = json!(true);
    event
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ -~]{0,40}", "\\PC{0,20}"]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any_text(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

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

#[test]
fn a_bearer_token_is_the_one_that_was_sent_and_any_other_text_is_4xx() {
    let service = Service::start();
    holds(
        ("[Bb][Ee][Aa][Rr][Ee][Rr] {1,3}", "[A-Za-z0-9._~+/-]{1,200}={0,2}"),
        |(scheme, token)| {
            let mut headers = HeaderMap::new();
            headers.insert(
                "authorization",
                HeaderValue::from_str(&format!("{scheme}{token}")).unwrap(),
            );
            prop_assert_eq!(bearer::token(&headers).ok(), Some(token.as_str()));
            Ok(())
        },
    );
    holds(prop::collection::vec(any::<u8>(), 0..80), |bytes| {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            headers.insert("authorization", value);
        }
        let _either = bearer::token(&headers);
        Ok(())
    });
    let any_header = prop_oneof![any_text(), any_text().prop_map(|text| format!("Bearer {text}"))];
    holds(any_header, |value| {
        let event = Event::new("GET", "/users/me").header("authorization", &value);
        let (status, _) = service.send("me", event.value())?;
        prop_assert!(matches!(status, 400 | 401), "{}", status);
        Ok(())
    });
}

#[test]
fn a_jwt_that_is_changed_anywhere_is_rejected() {
    let service = Service::start();
    let forger = &service.forger;
    let genuine = forger.token(|_, _| {});
    let part = prop_oneof![
        any_json().prop_map(|value| URL_SAFE_NO_PAD.encode(value.to_string())),
        any_text().prop_map(|text| URL_SAFE_NO_PAD.encode(text)),
        "[A-Za-z0-9_=.-]{0,40}",
    ];
    let exchanged = (0..genuine.len(), "[A-Za-z0-9_.-]").prop_map(|(index, character)| {
        let mut token = service.forger.token(|_, _| {});
        token.replace_range(index..=index, &character);
        token
    });
    let replaced = (0..3_usize, part).prop_map(|(index, part)| {
        let token = service.forger.token(|_, _| {});
        let mut parts: Vec<&str> = token.split('.').collect();
        parts[index] = &part;
        parts.join(".")
    });
    holds(prop_oneof![exchanged, replaced], |token| {
        let (status, _) = service.send("me", me(&token).value())?;
        prop_assert_eq!(status == 200, token == genuine, "{}", token);
        service.send(
            "token",
            Event::new("POST", "/revoke")
                .form(&format!("token={token}"))
                .value(),
        )?;
        Ok(())
    });
    // Signed by the service's own key, with any other claim or member of the header.
    holds(
        (any_text(), any_json(), any::<bool>()),
        |(name, value, is_header)| {
            let token = forger.token(|header, claims| {
                if is_header {
                    header[&name] = value
                } else {
                    claims[&name] = value
                }
            });
            service.send("me", me(&token).value()).map(|_| ())
        },
    );
    holds(
        (
            prop::sample::select(&["iss", "aud", "sub", "exp", "iat", "jti", "typ", "alg", "kid"][..]),
            any_json(),
        ),
        |(name, value)| {
            let token = forger.token(|header, claims| {
                let part = if ["typ", "alg", "kid"].contains(&name) {
                    header
                } else {
                    claims
                };
                part[name] = value;
            });
            service.send("me", me(&token).value()).map(|_| ())
        },
    );
}

#[test]
fn no_part_of_an_event_that_a_client_writes_makes_a_5xx() {
    let service = Service::start();
    let token = service.forger.token(|_, _| {});
    let events: Vec<(&str, Value)> = vec![
        ("docs", Event::new("GET", "/openapi.json").value().clone()),
        ("me", me(&token).value().clone()),
        ("register", register(&json!({"username": "a"})).value().clone()),
        (
            "sessions",
            Event::with_id("DELETE", "/sessions/{id}", "x")
                .bearer(&token)
                .value()
                .clone(),
        ),
        ("token", log_in("nobody", "wrong").value().clone()),
        (
            "well-known",
            Event::new("GET", "/.well-known/jwks.json").value().clone(),
        ),
    ];
    let names = prop_oneof![prop::sample::select(HEADERS).prop_map(str::to_owned), any_text()];
    let headers = prop::collection::vec((names, any_text()), 0..4);
    let written = (
        headers,
        any_text(),
        any_text(),
        any_text(),
        prop::option::of(prop::collection::vec(any::<u8>(), 0..60)),
    );
    holds(written, |(headers, query, path, id, body)| {
        for (function, event) in &events {
            let mut event = event.clone();
            for (name, value) in &headers {
                event["headers"][name] = json!(value);
            }
            event["rawQueryString"] = json!(query);
            event["cookies"] = json!([query]);
            event["rawPath"] = json!(path);
            event["requestContext"]["http"]["userAgent"] = json!(query);
            if event["pathParameters"].is_object() {
                event["pathParameters"]["id"] = json!(id);
            }
            if let Some(body) = &body {
                event["body"] = json!(STANDARD.encode(body));
                event["isBase64Encoded"] = json!(true);
            }
            service.send(function, &event)?;
        }
        Ok(())
    });
}

#[test]
fn a_refresh_token_opens_as_it_was_sealed_and_no_other_text_does() {
    let key = SessionKey::generate(Timestamp::from_unix(0)).unwrap();
    let service = Service::start();
    let session = "01KAY2Z3M4N5P6Q7R8S9T0V1W2";
    holds(
        (
            "[ -~]{0,60}",
            any::<i32>(),
            any::<prop::sample::Index>(),
            any::<char>(),
        ),
        |(user, time, index, character)| {
            let time = Timestamp::from_unix(time.into());
            let token = RefreshToken::first(&user, session, time, &key).unwrap();
            let opened = RefreshToken::open(token.as_str(), &key).unwrap();
            prop_assert_eq!(
                (
                    &opened.user,
                    opened.session.as_str(),
                    opened.created_at,
                    opened.generation
                ),
                (&user, session, time, 0)
            );
            let mut changed: Vec<char> = token.as_str().chars().collect();
            let index = index.index(changed.len());
            changed[index] = character;
            let changed: String = changed.into_iter().collect();
            prop_assert_eq!(
                RefreshToken::open(&changed, &key).is_some(),
                changed == token.as_str()
            );
            Ok(())
        },
    );
    let texts = prop_oneof![
        any_text(),
        "[A-Za-z0-9_-]{0,520}",
        prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
    ];
    holds(texts, |text| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", &text)];
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let (status, _) = service.send("token", Event::new("POST", "/token").form(&form).value())?;
        prop_assert_eq!(status, 400);
        prop_assert!(RefreshToken::open(&text, &key).is_none());
        Ok(())
    });
}

#[test]
fn who_can_register_can_log_in_by_the_same_text_whatever_it_is() {
    let service = Service::start();
    let fields = prop::collection::btree_map(
        prop_oneof![
            prop::sample::select(&["username", "email", "full_name", "website", "password", "name"][..])
                .prop_map(str::to_owned),
            any_text(),
        ],
        any_json(),
        0..4,
    );
    holds(fields, |fields| {
        service
            .send("register", register(&json!(fields)).value())
            .map(|_| ())
    });
    let names = prop_oneof![
        "\\w{1,24}",
        "[\\p{Lu}\\p{Ll}\\p{M}]{1,12}",
        "[a-z.+]{1,10}@[a-zß]{1,10}\\.com",
        any_text()
    ];
    let registered = Cell::new(0);
    holds((names, "\\PC{8,40}"), |(name, password)| {
        let field = if name.contains('@') { "email" } else { "username" };
        let body = json!({field: name, "password": password});
        let (status, user) = service.send("register", register(&body).value())?;
        if status == 201 {
            registered.set(registered.get() + 1);
            prop_assert_eq!(&user[field], &json!(name));
            let (status, answer) = service.send("token", log_in(&name, &password).value())?;
            prop_assert_eq!(status, 200, "{}", answer);
        }
        Ok(())
    });
    assert!(
        registered.get() > 10,
        "only {} names were accepted",
        registered.get()
    );
}
