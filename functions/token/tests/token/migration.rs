//! Users who are still elsewhere, at an endpoint of the operator.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::{join_all, pending};
use serde_json::{Value, json};
use shared::clock::Clock;
use testing::deployment::{Answer, Deployment};
use testing::event::log_in;
use testing::fault_proxy::{Fault, FaultProxy};
use testing::forge::claims;
use testing::runtime_api::{check_lines, events, run};
use token::Token;
use tokio::net::TcpListener;
use tokio::sync::Barrier;

use super::{PASSWORD, try_log_in};

const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const WRONG: &str = "wrong horse battery";

/// How the endpoint responds to a question.
type Respond = Arc<dyn Fn(&Value) -> Response + Send + Sync>;

/// An endpoint with users, and what it was asked.
#[derive(Clone)]
struct Elsewhere {
    url: String,
    asked: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    respond: Arc<Mutex<Respond>>,
    /// All wait here before they respond.
    barrier: Arc<Mutex<Option<Arc<Barrier>>>>,
}

impl Elsewhere {
    /// Starts an endpoint that knows johndoe with [`PASSWORD`].
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let elsewhere = Self {
            url: format!("http://{}/users", listener.local_addr().unwrap()),
            asked: Arc::default(),
            respond: Arc::new(Mutex::new(Arc::new(johndoe))),
            barrier: Arc::default(),
        };
        let served = elsewhere.clone();
        let handle = move |headers: HeaderMap, body: String| {
            let served = served.clone();
            async move {
                let question: Value = serde_json::from_str(&body).unwrap();
                served.asked.lock().unwrap().push((headers, body));
                let barrier = served.barrier.lock().unwrap().clone();
                if let Some(barrier) = barrier {
                    barrier.wait().await;
                }
                let respond = Arc::clone(&served.respond.lock().unwrap());
                let response = respond(&question);
                if response.status() == StatusCode::IM_A_TEAPOT {
                    pending::<()>().await;
                }
                response
            }
        };
        let router = Router::new().route("/users", axum::routing::post(handle));
        tokio::spawn(async move { axum::serve(listener, router).await });
        elsewhere
    }

    fn responds(&self, respond: impl Fn(&Value) -> Response + Send + Sync + 'static) {
        *self.respond.lock().unwrap() = Arc::new(respond);
    }

    /// Returns how often it was asked.
    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn deployment(&self, deployment: Deployment) -> Deployment {
        deployment
            .with("MIGRATION_URL", &self.url)
            .with("MIGRATION_SECRET", SECRET)
            .with("LOGIN_BUDGET_MS", "2000")
    }
}

fn profile() -> Value {
    json!({"username": "JohnDoe", "email": "john@example.com", "full_name": "John Doe"})
}

fn johndoe(question: &Value) -> Response {
    if question["username"] == "johndoe" && question["password"] == PASSWORD {
        return profile().to_string().into_response();
    }
    StatusCode::UNAUTHORIZED.into_response()
}

fn subject(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    let claims = claims(answer.body["access_token"].as_str().unwrap());
    claims["sub"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_right_password_of_an_unknown_name_becomes_a_user_who_is_logged_in() {
    let elsewhere = Elsewhere::start().await;
    let deployment = elsewhere.deployment(Deployment::start().await);
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    let deployment = deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
    let function = deployment.function::<Token>().await;
    // A transaction whose response is lost is sent again, and is the same one.
    proxy.script_for("TransactWriteItems", [Fault::HangUpAfterWrite]);
    let first = try_log_in(&function, "johndoe", PASSWORD).await;
    let (id, refresh_token) = (subject(&first), &first.body["refresh_token"]);
    assert!(refresh_token.is_string());
    assert_eq!(
        proxy.operations(),
        [
            "BatchGetItem",
            "UpdateItem",
            "TransactWriteItems",
            "TransactWriteItems",
            "UpdateItem",
            "UpdateItem"
        ],
        "the marker, the counted attempt, the registration; then a log-in like any other"
    );
    let item = deployment.table().item(&format!("user#{id}"), "user").await;
    for (name, value) in profile().as_object().unwrap() {
        assert_eq!(item[name]["S"], *value, "as the profile spells it");
    }
    assert!(
        item["password_hash"]["S"]
            .as_str()
            .unwrap()
            .starts_with("$argon2id$")
    );

    let (headers, body) = elsewhere.asked.lock().unwrap()[0].clone();
    let question: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(question, json!({"username": "johndoe", "password": PASSWORD}));
    assert_eq!(headers["content-type"], "application/json");
    let header = |name: &str| headers[name].to_str().unwrap();
    let (message, time) = (header("webhook-id"), header("webhook-timestamp"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(SECRET).unwrap());
    let signature = hmac::sign(&key, format!("{message}.{time}.{body}").as_bytes());
    assert_eq!(
        header("webhook-signature"),
        format!("v1,{}", STANDARD.encode(signature))
    );
    assert!((Clock::system().now().unix() - time.parse::<i64>().unwrap()).abs() < 60);
    // The user is here now, under each name, and the endpoint is done.
    for name in ["johndoe", "john@example.com"] {
        assert_eq!(subject(&try_log_in(&function, name, PASSWORD).await), id);
        assert_eq!(try_log_in(&function, name, WRONG).await.status, 401);
    }
    assert_eq!(elsewhere.count(), 1);
}

#[tokio::test]
async fn whatever_else_the_endpoint_responds_is_a_wrong_password_in_one_time() {
    let elsewhere = Elsewhere::start().await;
    let budget = Duration::from_millis(250);
    let deployment = elsewhere.deployment(Deployment::start().await);
    let deployment = deployment.with("LOGIN_BUDGET_MS", "250");
    let deployment = deployment.with("RESERVED_USERNAMES", "admin");
    deployment.user("janedoe", PASSWORD).await;
    let function = deployment.function::<Token>().await;
    let timed = async |name: &str| {
        let begun = Instant::now();
        let answer = try_log_in(&function, name, WRONG).await;
        assert!(begun.elapsed() >= budget, "{name}: {:?}", begun.elapsed());
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        (answer.headers, answer.body)
    };
    let known = timed("janedoe").await;
    let responses: [fn(&Value) -> Response; 12] = [
        |_| StatusCode::UNAUTHORIZED.into_response(),
        |_| StatusCode::NOT_FOUND.into_response(),
        |_| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        |_| Redirect::temporary("/users").into_response(),
        |_| "<!doctype html>".into_response(),
        |_| json!({}).to_string().into_response(),
        |asked| {
            json!({"username": asked["username"], "role": "admin"})
                .to_string()
                .into_response()
        },
        |asked| {
            json!({"username": asked["username"], "email": "no address"})
                .to_string()
                .into_response()
        },
        |_| json!({"username": "another"}).to_string().into_response(),
        |asked| format!("{{\"username\": {}{}}}", asked["username"], " ".repeat(17_000)).into_response(),
        // It never responds.
        |_| StatusCode::IM_A_TEAPOT.into_response(),
        // The connection is closed early.
        |_| {
            let body = futures_util::stream::once(async { Err::<String, _>("broken") });
            axum::body::Body::from_stream(body).into_response()
        },
    ];
    for (index, respond) in responses.into_iter().enumerate() {
        elsewhere.responds(respond);
        assert_eq!(timed(&format!("user{index}")).await, known, "{index}");
    }
    elsewhere.responds(|asked| json!({"username": asked["username"]}).to_string().into_response());
    assert_eq!(timed("Admin").await, known, "a reserved name");
    elsewhere.responds(|asked| {
        json!({"username": asked["username"], "email": "jane@example.com"})
            .to_string()
            .into_response()
    });
    assert_eq!(try_log_in(&function, "first", WRONG).await.status, 200);
    let before = deployment.table().partition_keys().await;
    assert_eq!(timed("moving").await, known, "an address of another user");
    // A password that may have been hashed in two forms takes two budgets, whatever the response.
    let begun = Instant::now();
    let answer = try_log_in(&function, "moving", "\u{fb01}ve wrong horses").await;
    assert!(
        answer.status == 401 && begun.elapsed() >= 2 * budget,
        "{answer:?}"
    );
    assert_eq!(elsewhere.count(), 16, "each attempt asks once");
    let mut after = deployment.table().partition_keys().await;
    let is_users = |key: &String| !key.starts_with("unknown#");
    let before: Vec<String> = before.into_iter().filter(is_users).collect();
    after.retain(is_users);
    assert_eq!(after, before, "no user was made");
}

#[tokio::test]
async fn a_refused_attempt_and_a_known_name_are_never_asked_for() {
    let elsewhere = Elsewhere::start().await;
    let deployment = elsewhere.deployment(Deployment::start().await);
    let deployment = deployment.with("LOGIN_BUDGET_MS", "200");
    deployment.user("janedoe", PASSWORD).await;
    let function = deployment.function::<Token>().await;
    for name in ["janedoe", "johndoe"] {
        for _ in 0..5 {
            assert_eq!(try_log_in(&function, name, &"x".repeat(1025)).await.status, 401);
        }
    }
    assert_eq!(try_log_in(&function, "janedoe", WRONG).await.status, 401);
    assert_eq!(elsewhere.count(), 0);
    for _ in 0..5 {
        assert_eq!(try_log_in(&function, "johndoe", WRONG).await.status, 401);
    }
    assert_eq!(elsewhere.count(), 5);
    for _ in 0..3 {
        assert_eq!(try_log_in(&function, "johndoe", PASSWORD).await.status, 429);
    }
    let another = deployment.function::<Token>().await;
    assert_eq!(try_log_in(&another, "johndoe", PASSWORD).await.status, 429);
    assert_eq!(
        elsewhere.count(),
        5,
        "neither what is refused nor what is remembered"
    );
}

#[tokio::test]
async fn two_log_ins_at_once_make_one_user() {
    let elsewhere = Elsewhere::start().await;
    let deployment = elsewhere.deployment(Deployment::start().await);
    let functions = [
        deployment.function::<Token>().await,
        deployment.function::<Token>().await,
    ];
    *elsewhere.barrier.lock().unwrap() = Some(Arc::new(Barrier::new(2)));
    let answers = join_all(
        functions
            .iter()
            .map(|function| try_log_in(function, "johndoe", PASSWORD)),
    )
    .await;
    let [first, second] = [0, 1].map(|index| subject(&answers[index]));
    assert_eq!((first, elsewhere.count()), (second, 2));
    let keys = deployment.table().partition_keys().await;
    let users = keys.iter().filter(|key| key.starts_with("user#"));
    assert_eq!(users.count(), 1, "{keys:?}");
}

#[tokio::test]
async fn a_failed_migration_is_a_wrong_password_an_event_and_a_line_with_its_reason() {
    let elsewhere = Elsewhere::start().await;
    let deployment = elsewhere.deployment(Deployment::start().await.with("AWS_LAMBDA_LOG_FORMAT", "JSON"));
    // More than the 2 s that the endpoint has.
    let deployment = deployment.with("LOGIN_BUDGET_MS", "3500");
    let binary = Path::new(env!("CARGO_BIN_EXE_token"));
    let sent = ["johndoe", "jackdoe", "jilldoe", "jamesdoe"];
    let sent = sent.map(|name| log_in(name, PASSWORD).value().clone());
    elsewhere.responds(|asked| match asked["username"].as_str() {
        Some("jilldoe") => StatusCode::BAD_GATEWAY.into_response(),
        Some("jamesdoe") => StatusCode::IM_A_TEAPOT.into_response(),
        _ => json!({"username": asked["username"], "email": "john@example.com"})
            .to_string()
            .into_response(),
    });
    let served = run(binary, deployment.variables(), &sent).await;
    assert_eq!(served.statuses(), [200, 401, 401, 401]);
    let kinds = events(&served.output);
    assert_eq!(
        kinds,
        [
            "Migrated",
            "LoggedIn",
            "LogInFailed",
            "LogInFailed",
            "LogInFailed"
        ]
    );
    for line in [
        "a profile of the migration endpoint has a name of another user",
        "the migration endpoint failed",
        "its status is 502",
        "it did not respond in time",
    ] {
        assert!(served.output.contains(line), "{line}: {}", served.output);
    }
    check_lines(&served.output, &[PASSWORD, "horse", SECRET, "jackdoe", "john@"]);
}

#[tokio::test]
async fn what_makes_an_endpoint_unsafe_stops_the_start() {
    let elsewhere = Elsewhere::start().await;
    for (name, value, message) in [
        (
            "LOGIN_BUDGET_MS",
            "0",
            "LOGIN_BUDGET_MS must not be 0 where MIGRATION_URL is set",
        ),
        (
            "MIGRATION_SECRET",
            "c2hvcnQ=",
            "MIGRATION_SECRET must have 24 bytes or more in base64",
        ),
        (
            "MIGRATION_URL",
            "http://example.com/users",
            "MIGRATION_URL must be an https URL, http on loopback only",
        ),
    ] {
        let deployment = elsewhere.deployment(Deployment::start().await).with(name, value);
        assert_eq!(deployment.start_error::<Token>().await, message);
    }
}
