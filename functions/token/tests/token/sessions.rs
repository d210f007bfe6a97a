//! Refresh tokens on the engine: how many requests each costs, races, lost responses, and what a thief of a part can do.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::keys::{Ring, SessionKey};
use shared::sessions::RefreshToken;
use testing::clock::TestClock;
use testing::deployment::{Answer, Deployment, call};
use testing::event::{Event, log_in};
use testing::fault_proxy::{Fault, FaultProxy};
use testing::rings::shared_ring;
use token::Token;

use super::PASSWORD;

pub(crate) const START: i64 = 1_800_000_000;
/// One second more than the window's default.
pub(crate) const AFTER_THE_WINDOW: i64 = 31;

pub(crate) struct Fixture {
    pub(crate) deployment: Deployment,
    pub(crate) proxy: FaultProxy,
    pub(crate) time: TestClock,
    pub(crate) user: String,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let time = TestClock::at(START);
        let deployment = Deployment::start().await.at(&time);
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let deployment = deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
        let user = deployment.user("johndoe", PASSWORD).await;
        Self {
            deployment,
            proxy,
            time,
            user,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.deployment = self.deployment.with(name, value);
        self
    }

    pub(crate) async fn function(&self) -> Token {
        self.deployment.function::<Token>().await
    }

    pub(crate) async fn item(&self) -> Value {
        let pk = format!("user#{}", self.user);
        self.deployment.table().item(&pk, "user").await
    }

    pub(crate) async fn sessions(&self) -> Vec<String> {
        let item = self.item().await;
        let sessions = item["sessions"]["M"].as_object().unwrap();
        sessions.keys().cloned().collect()
    }
}

pub(crate) async fn log_in_now(function: &Token) -> String {
    refresh_token(&call(function, log_in("johndoe", PASSWORD)).await)
}

pub(crate) async fn refresh(function: &Token, token: &str) -> Answer {
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    call(function, Event::new("POST", "/token").form(&form)).await
}

pub(crate) fn refresh_token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["refresh_token"].as_str().unwrap().to_owned()
}

pub(crate) fn is_rejected(answer: &Answer) {
    assert_eq!(
        (answer.status, &answer.body["error"]),
        (400, &json!("invalid_grant")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn s_07_200_parallel_refreshes_of_a_token_get_one_and_the_same_successor() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let first = log_in_now(&function).await;
    fixture.time.pass(AFTER_THE_WINDOW);
    // As a client does; on a loaded machine the engine may be slower than the SDK waits.
    let until_served = async || {
        let mut answer = refresh(&function, &first).await;
        while answer.status == 503 {
            answer = refresh(&function, &first).await;
        }
        answer
    };
    let refreshes = stream::iter((0..200).map(|_| until_served()));
    let answers: Vec<Answer> = refreshes.buffer_unordered(32).collect().await;
    let successors: Vec<String> = answers.iter().map(refresh_token).collect();
    assert_ne!(successors[0], first);
    assert!(successors.iter().all(|successor| *successor == successors[0]));
    fixture.time.pass(AFTER_THE_WINDOW);
    assert_ne!(
        refresh_token(&refresh(&function, &successors[0]).await),
        successors[0]
    );
}

#[tokio::test]
async fn s_02_each_refresh_is_one_request_and_a_reuse_ends_the_session_by_a_second_one() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let requests = async |token: &str| {
        fixture.proxy.reset_counts();
        let answer = refresh(&function, token).await;
        (answer, fixture.proxy.operations().len())
    };
    let first = log_in_now(&function).await;
    let (answer, count) = requests(&first).await;
    assert_eq!((refresh_token(&answer), count), (first.clone(), 1), "repeated");
    fixture.time.pass(AFTER_THE_WINDOW);
    let (answer, count) = requests(&first).await;
    let second = refresh_token(&answer);
    assert_eq!(count, 1, "replaced");
    fixture.time.pass(AFTER_THE_WINDOW - 1);
    let (answer, count) = requests(&first).await;
    assert_eq!((refresh_token(&answer), count), (second.clone(), 1), "replayed");
    fixture.time.pass(1);
    let (answer, count) = requests(&first).await;
    is_rejected(&answer);
    assert_eq!(count, 2, "reused");
    assert_eq!(fixture.sessions().await, Vec::<String>::new());
    let (answer, count) = requests(&second).await;
    is_rejected(&answer);
    assert_eq!(count, 1, "ended");
    let mut forged = URL_SAFE_NO_PAD.decode(&second).unwrap();
    *forged.last_mut().unwrap() ^= 1;
    for forged in [
        &*URL_SAFE_NO_PAD.encode(forged),
        "x",
        &"x".repeat(5000),
        &second[..100],
    ] {
        let (answer, count) = requests(forged).await;
        is_rejected(&answer);
        assert_eq!(count, 0, "forged");
    }
}

#[tokio::test]
async fn what_can_reject_a_refresh_spends_no_token() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let first = log_in_now(&function).await;
    fixture.time.pass(AFTER_THE_WINDOW);
    for (rest, status, error) in [
        ("&scope=a", 400, "invalid_scope"),
        ("&refresh_token=x", 400, "invalid_request"),
        ("&grant_type=%", 400, "invalid_request"),
    ] {
        let before = fixture.item().await;
        let form = format!("grant_type=refresh_token&refresh_token={first}{rest}");
        let answer = call(&function, Event::new("POST", "/token").form(&form)).await;
        assert_eq!((answer.status, &answer.body["error"]), (status, &json!(error)));
        assert_eq!(fixture.item().await, before, "{rest}");
    }
    let second = refresh_token(&refresh(&function, &first).await);
    assert_ne!(second, first);
    // The token's own fault comes before the scope's, and a reuse is one with a scope, too.
    fixture.time.pass(AFTER_THE_WINDOW);
    let form = format!("grant_type=refresh_token&refresh_token={first}&scope=a");
    is_rejected(&call(&function, Event::new("POST", "/token").form(&form)).await);
    is_rejected(&refresh(&function, &second).await);
}

#[tokio::test]
async fn s_03_sessions_that_are_made_shorter_expire_at_their_next_refresh() {
    let fixture = Fixture::new().await;
    let first = log_in_now(&fixture.function().await).await;
    fixture.time.pass(60);
    let fixture = fixture.with("SESSION_SECONDS", "60");
    is_rejected(&refresh(&fixture.function().await, &first).await);
    // Nothing was spent.
    let fixture = fixture.with("SESSION_SECONDS", "61");
    let second = fixture.function().await;
    assert_eq!(refresh(&second, &first).await.body["expires_in"], 1);
}

#[tokio::test]
async fn a_disabled_user_is_inactive_also_where_a_session_is_left() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let first = log_in_now(&function).await;
    fixture.time.pass(AFTER_THE_WINDOW);
    let table = fixture.deployment.table();
    table.set(&fixture.user, "disabled", json!({"BOOL": true})).await;
    let before = fixture.item().await;
    let answer = refresh(&function, &first).await;
    is_rejected(&answer);
    assert_eq!(answer.body["detail"], "Inactive user");
    assert_eq!(fixture.item().await, before);
}

#[tokio::test]
async fn a_write_beside_a_transaction_on_the_user_is_tried_again() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    fixture.proxy.script_for(
        "UpdateItem",
        [
            Fault::TransactionConflict,
            Fault::Pass,
            Fault::Pass,
            Fault::TransactionConflict,
        ],
    );
    let first = log_in_now(&function).await;
    fixture.time.pass(AFTER_THE_WINDOW);
    assert_ne!(refresh_token(&refresh(&function, &first).await), first);
    // The attempt, its retry, the session, the refresh, its retry.
    assert_eq!(fixture.proxy.count("UpdateItem"), 5);
}

#[tokio::test]
async fn a_refresh_whose_response_was_lost_gets_the_same_successor_again() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let first = log_in_now(&function).await;
    fixture.time.pass(AFTER_THE_WINDOW);
    fixture.proxy.script([Fault::HangUpAfterWrite]);
    // The SDK's own retry finds what its first attempt has written.
    let second = refresh_token(&refresh(&function, &first).await);
    assert_eq!(
        refresh_token(&refresh(&function, &first).await),
        second,
        "the client's"
    );
    assert_eq!(refresh_token(&refresh(&function, &second).await), second);
}

#[tokio::test]
async fn a_generation_that_a_restored_table_does_not_know_ends_nothing() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let first = log_in_now(&function).await;
    let backup = fixture.item().await;
    fixture.time.pass(AFTER_THE_WINDOW);
    let second = refresh_token(&refresh(&function, &first).await);
    fixture.deployment.table().put(backup).await;
    is_rejected(&refresh(&function, &second).await);
    let other_second = refresh_token(&refresh(&function, &first).await);
    assert_ne!(other_second, second, "the restored table draws another salt");
    is_rejected(&refresh(&function, &second).await);
    assert_eq!(
        refresh_token(&refresh(&function, &other_second).await),
        other_second
    );
}

#[tokio::test]
async fn a_session_goes_on_under_a_newer_session_key_also_for_a_replay() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let first = log_in_now(&function).await;
    let mut ring = Ring::parse(shared_ring()).unwrap();
    let newer = SessionKey::generate(Timestamp::from_unix(START + 600)).unwrap();
    ring.session_keys.push(newer.clone());
    fixture.deployment.use_keys(&ring.document().unwrap()).await;
    fixture.time.pass(599);
    let second = refresh_token(&refresh(&function, &first).await);
    assert!(
        RefreshToken::open(&second, &newer).is_none(),
        "it is not its time yet"
    );
    fixture.time.pass(AFTER_THE_WINDOW);
    let third = refresh_token(&refresh(&function, &second).await);
    assert!(RefreshToken::open(&third, &newer).is_some());
    assert_eq!(refresh_token(&refresh(&function, &second).await), third);
    // A compromised ring drops every key: everybody logs in again.
    fixture.time.pass(AFTER_THE_WINDOW);
    ring.session_keys = vec![SessionKey::generate(Timestamp::from_unix(START)).unwrap()];
    fixture.deployment.use_keys(&ring.document().unwrap()).await;
    fixture.time.pass(300);
    is_rejected(&refresh(&function, &third).await);
}

#[tokio::test]
async fn r_03_a_revocation_is_one_request_for_a_token_of_any_generation() {
    let fixture = Fixture::new().await;
    let function = Arc::new(fixture.function().await);
    let revoke = async |token: &str| {
        fixture.proxy.reset_counts();
        let event = Event::new("POST", "/revoke").form(&format!("token={token}"));
        let answer = call(&*function, event).await;
        assert_eq!((answer.status, &answer.body), (200, &Value::Null));
        fixture.proxy.count("UpdateItem")
    };
    let first = log_in_now(&function).await;
    let mut newest = first.clone();
    for _ in 0..3 {
        fixture.time.pass(AFTER_THE_WINDOW);
        newest = refresh_token(&refresh(&function, &newest).await);
    }
    assert_eq!(revoke(&first).await, 1);
    is_rejected(&refresh(&function, &newest).await);
    let answer = call(&*function, log_in("johndoe", PASSWORD)).await;
    let (access, newest) = (
        answer.body["access_token"].as_str().unwrap(),
        refresh_token(&answer),
    );
    assert_eq!(revoke(access).await, 1);
    is_rejected(&refresh(&function, &newest).await);
    assert_eq!(revoke(&newest).await, 1, "again");
    assert_eq!(revoke("made-up").await, 0);
}
