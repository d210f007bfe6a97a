//! What holds for any bytes of a client: no panic, no 5xx, and what is written is what is read. `PROPTEST_CASES` sets how many cases
//! each property gets; they are the same in each run.

mod authorizer;
mod forms;
mod tokens;

use std::cell::Cell;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local::functions::{Callable, FUNCTIONS};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::env::process_variable;
use testing::deployment::{Deployment, ISSUER};
use testing::event::{Event, log_in, me, register};
use testing::forge::Forger;
use testing::rings::shared_ring;
use tokio::runtime::Runtime;

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
    let result = runner.run(&strategy, property);
    assert!(result.is_ok(), "{}", result.unwrap_err());
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
    // Names of one script each, most of which are accepted, and any text.
    let names = prop_oneof![
        "[A-Za-z0-9ßéİŉ_.]{1,20}",
        "[А-Яа-яё]{1,12}",
        "[Α-Ωα-ωςΐ]{1,12}",
        "[ぁ-んァ-ヶ一-龥]{1,8}",
        "[a-z+]{1,10}@[a-zß]{1,10}\\.com",
        any_text(),
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
