//! What a request costs at the store, and times: expiry and recent authentication by a clock that the test sets. The tests of the
//! package `local` show the HTTP contract.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use serde_json::{Value, json};
use sessions::Sessions;
use shared::clock::{Clock, Timestamp};
use testing::clock::TestClock;
use testing::deployment::{Answer, Deployment, call};
use testing::event::{Event, log_in};
use testing::fault_proxy::FaultProxy;
use testing::runtime_api::{check_lines, events, run};
use token::Token;

const PASSWORD: &str = "correct horse battery";
const START: i64 = 1_800_000_000;
/// A ULID that no session has.
const UNKNOWN: &str = "01KAY2Z3M4N5P6Q7R8S9T0V1W2";

/// A deployment behind a proxy, with a user and a clock that the test sets.
struct Fixture {
    deployment: Deployment,
    proxy: FaultProxy,
    time: TestClock,
}

/// What a log-in issued.
struct LoggedIn {
    access_token: String,
    refresh_token: String,
    session: String,
}

impl Fixture {
    async fn new() -> Self {
        Self::at(START).await
    }

    async fn at(start: i64) -> Self {
        let time = TestClock::at(start);
        let deployment = Deployment::start().await.at(&time);
        deployment.user("johndoe", PASSWORD).await;
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let deployment = deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
        Self {
            deployment,
            proxy,
            time,
        }
    }

    async fn function(&self) -> Sessions {
        self.deployment.function().await
    }

    async fn token(&self, form: Event) -> LoggedIn {
        let function: Token = self.deployment.function().await;
        let body = call(&function, form).await.body;
        let text = |member: &str| body[member].as_str().unwrap().to_owned();
        LoggedIn {
            session: testing::forge::claims(&text("access_token"))["sid"]
                .as_str()
                .unwrap()
                .to_owned(),
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
        }
    }

    async fn log_in(&self) -> LoggedIn {
        self.token(log_in("johndoe", PASSWORD)).await
    }

    /// Returns a response and the requests that it took at the store.
    async fn counted(&self, function: &Sessions, event: Event) -> (u16, Vec<String>) {
        self.proxy.reset_counts();
        let answer = call(function, event).await;
        (answer.status, self.proxy.operations())
    }
}

fn list(token: &str) -> Event {
    Event::new("GET", "/sessions").bearer(token)
}

fn end(id: &str, token: &str) -> Event {
    Event::with_id("DELETE", "/sessions/{id}", id).bearer(token)
}

fn end_others(token: &str) -> Event {
    Event::new("DELETE", "/sessions").bearer(token)
}

fn ids(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let sessions = answer.body.as_array().unwrap().iter();
    sessions.map(|session| session["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_is_one_read_and_an_end_one_write_more() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let (first, second) = (fixture.log_in().await, fixture.log_in().await);
    let token = &*second.access_token;
    let read = ["GetItem"];
    let read_and_write = ["GetItem", "UpdateItem"];
    for (what, event, status, requests) in [
        ("a list", list(token), 200, &read[..]),
        ("what does not verify", list("x.y.z"), 401, &[]),
        ("another", end(&first.session, token), 204, &read_and_write),
        ("an unknown one", end(UNKNOWN, token), 404, &read),
        ("no id", end("x", token), 404, &read),
        ("an empty id", end("", token), 404, &read),
        ("a long id", end(&"x".repeat(9_000), token), 404, &read),
        ("the others", end_others(token), 204, &read_and_write),
        ("one's own", end(&second.session, token), 204, &read_and_write),
        ("after the end", list(token), 401, &read),
    ] {
        let (found, operations) = fixture.counted(&function, event).await;
        assert_eq!(
            (found, operations),
            (status, requests.iter().map(ToString::to_string).collect()),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_list_reads_neither_the_password_hash_nor_anything_that_a_list_does_not_show() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let token = fixture.log_in().await.access_token;
    fixture.proxy.reset_counts();
    let answer = call(&function, list(&token)).await;
    let [read] = &fixture.proxy.attributes_read()[..] else {
        panic!("not one read");
    };
    assert!(
        read.contains("sessions") && !read.contains("password_hash"),
        "{read:?}"
    );
    let members: Vec<&String> = answer.body[0].as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "created_at",
            "current",
            "expires_at",
            "id",
            "ip",
            "last_used_at",
            "user_agent"
        ]
    );
}

#[tokio::test]
async fn a_refresh_that_replaces_the_token_is_a_use_and_an_expired_session_is_not_there() {
    let fixture = Fixture::new().await;
    let fixture = Fixture {
        deployment: fixture.deployment.with("SESSION_IDLE_SECONDS", "600"),
        ..fixture
    };
    let function = fixture.function().await;
    let first = fixture.log_in().await;
    let times = |answer: &Answer, index: usize| -> [Value; 3] {
        ["created_at", "last_used_at", "expires_at"].map(|name| answer.body[index][name].clone())
    };
    let at = |seconds: i64| json!(Timestamp::from_unix(START + seconds));
    let listed = call(&function, list(&first.access_token)).await;
    assert_eq!(times(&listed, 0), [at(0), at(0), at(600)]);
    fixture.time.pass(31);
    let form = format!("grant_type=refresh_token&refresh_token={}", first.refresh_token);
    fixture.token(Event::new("POST", "/token").form(&form)).await;
    let listed = call(&function, list(&first.access_token)).await;
    assert_eq!(times(&listed, 0), [at(0), at(31), at(631)]);
    fixture.time.pass(400);
    let second = fixture.log_in().await;
    fixture.time.pass(199);
    let listed = call(&function, list(&second.access_token)).await;
    assert_eq!(ids(&listed), [&second.session, &first.session], "a second before");
    fixture.time.pass(1);
    let listed = call(&function, list(&second.access_token)).await;
    assert_eq!(ids(&listed), [&second.session]);
    let answer = call(&function, end(&first.session, &second.access_token)).await;
    assert_eq!(
        (answer.status, &answer.body["detail"]),
        (404, &json!("No such session"))
    );
}

#[tokio::test]
async fn others_end_by_a_log_in_of_the_last_300_seconds_and_ones_own_by_any() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let other = fixture.log_in().await.session;
    let own = fixture.log_in().await;
    let token = &*own.access_token;
    let status = async |event: Event| call(&function, event).await.status;
    fixture.time.pass(301);
    // In this order: who has only a token learns nothing of ids.
    for event in [
        end(&other, token),
        end(UNKNOWN, token),
        end("x", token),
        end_others(token),
    ] {
        assert_eq!(status(event).await, 401);
    }
    assert_eq!(ids(&call(&function, list(token)).await).len(), 2);
    fixture.time.pass(-1);
    assert_eq!(status(end(&other, token)).await, 204);
    assert_eq!(status(end_others(token)).await, 204);
    fixture.time.pass(1);
    assert_eq!(status(end(&own.session, token)).await, 204);
    assert_eq!(status(list(token)).await, 401);
}

#[tokio::test]
async fn where_refresh_tokens_are_off_by_now_the_list_is_empty() {
    let fixture = Fixture::new().await;
    let token = fixture.log_in().await.access_token;
    let deployment = fixture.deployment.with("ENABLE_REFRESH_TOKENS", "false");
    let answer = call(&deployment.function::<Sessions>().await, list(&token)).await;
    assert_eq!(ids(&answer), Vec::<&str>::new());
}

#[tokio::test]
async fn n_18_each_act_leaves_one_event_without_secrets() {
    let fixture = Fixture::at(Clock::system().now().unix()).await;
    let (first, second) = (fixture.log_in().await, fixture.log_in().await);
    let token = &*second.access_token;
    let sent = [
        list(token),
        end(&first.session, token),
        end(&first.session, token),
        end_others(token),
    ];
    let sent = sent.map(|event| event.value().clone());
    let deployment = fixture.deployment.with("AWS_LAMBDA_LOG_FORMAT", "JSON");
    let done = run(
        Path::new(env!("CARGO_BIN_EXE_sessions")),
        deployment.variables(),
        &sent,
    )
    .await;
    assert_eq!(done.statuses(), [200, 204, 404, 204]);
    assert_eq!(
        events(&done.output),
        ["SessionEnded", "SessionsEnded"],
        "{}",
        done.output
    );
    check_lines(&done.output, &[token, "johndoe", "argon2"]);
}
