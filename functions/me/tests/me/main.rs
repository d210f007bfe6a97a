//! When the keys are read, and the responses while the store or the keys are unavailable. The tests of the package `local` show
//! the HTTP contract.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod log;

use std::path::Path;
use std::time::Instant;

use me::Me;
use serde_json::json;
use shared::clock::{Clock, Timestamp};
use shared::keys::{Kind, Ring};
use testing::clock::TestClock;
use testing::deployment::{Answer, Deployment, ISSUER, call};
use testing::event;
use testing::fault_proxy::{Fault, FaultProxy};
use testing::forge::Forger;
use testing::rings::{published, ring_of, shared_ring};
use testing::runtime_api::{check_lines, events, run};

/// A deployment behind a proxy, with a user and a clock that the test sets.
struct Fixture {
    deployment: Deployment,
    proxy: FaultProxy,
    user: String,
    time: TestClock,
}

impl Fixture {
    async fn new() -> Self {
        Self::of(Deployment::start().await).await
    }

    async fn of(deployment: Deployment) -> Self {
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let user = deployment.user("johndoe", "correct horse battery").await;
        let time = TestClock::at(Clock::system().now().unix());
        let deployment = deployment
            .with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint())
            .at(&time);
        Self {
            deployment,
            proxy,
            user,
            time,
        }
    }

    async fn function(&self) -> Me {
        self.deployment.function::<Me>().await
    }

    fn pass(&self, seconds: i64) {
        self.time.pass(seconds);
    }

    fn forger(&self, document: &str) -> Forger {
        Forger::new(document, ISSUER, &self.user, self.time.now().unix())
    }

    fn token(&self) -> String {
        self.forger(shared_ring()).token(|_, _| {})
    }

    /// Returns the status of a request and the number of its reads.
    async fn reads(&self, function: &Me, token: &str) -> (u16, usize) {
        self.proxy.reset_counts();
        let response = get(function, token).await;
        assert_eq!(self.proxy.operations().len(), self.proxy.count("GetItem"));
        (response.status, self.proxy.count("GetItem"))
    }
}

async fn get(function: &Me, token: &str) -> Answer {
    call(function, event::me(token)).await
}

fn is_unavailable(response: &Answer) {
    assert_eq!(response.status, 503, "{response:?}");
    assert!(response.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_eq!(response.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn a_request_makes_one_read_and_a_cold_start_one_more_for_the_keys() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    assert_eq!(fixture.proxy.operations(), ["GetItem"], "the JWK Set");
    for _ in 0..3 {
        assert_eq!(fixture.reads(&function, &fixture.token()).await, (200, 1));
    }
    assert_eq!(
        fixture.reads(&function, "x.y.z").await,
        (401, 0),
        "what does not verify reads no user"
    );
}

#[tokio::test]
async fn only_what_is_shown_or_decides_is_read_and_never_the_password_hash() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    fixture.proxy.reset_counts();
    let response = get(&function, &fixture.token()).await;
    let shown = response.body.as_object().unwrap().keys().cloned();
    let decides = [
        "claim_expires_at",
        "claimed_email",
        "credential_generation",
        "former_emails",
        "recoveries",
        "scopes",
    ];
    let decides = decides.map(str::to_owned);
    assert_eq!(fixture.proxy.attributes_read(), [shown.chain(decides).collect()]);
}

#[tokio::test]
async fn keys_older_than_5_minutes_are_read_again() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    fixture.pass(299);
    assert_eq!(fixture.reads(&function, &fixture.token()).await, (200, 1));
    fixture.pass(1);
    assert_eq!(fixture.reads(&function, &fixture.token()).await, (200, 2));
    assert_eq!(fixture.reads(&function, &fixture.token()).await, (200, 1));
}

#[tokio::test]
async fn a_key_that_is_no_longer_published_verifies_nothing_5_minutes_later() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let token = fixture.token();
    fixture
        .deployment
        .publish(&published(&ring_of(&[Kind::Es256])))
        .await;
    fixture.pass(300);
    assert_eq!(get(&function, &token).await.status, 401);
}

#[tokio::test]
async fn an_unknown_kid_makes_the_keys_be_read_again_at_most_once_in_30_seconds() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let stranger = fixture
        .forger(shared_ring())
        .token(|header, _| header["kid"] = json!("another"));
    assert_eq!(fixture.reads(&function, &stranger).await, (401, 1));
    assert_eq!(fixture.reads(&function, &stranger).await, (401, 0));
    fixture.pass(29);
    assert_eq!(fixture.reads(&function, &stranger).await, (401, 0));
    assert_eq!(
        fixture.reads(&function, &fixture.token()).await,
        (200, 1),
        "others are not held up"
    );
    fixture.pass(1);
    assert_eq!(fixture.reads(&function, &stranger).await, (401, 1));
}

#[tokio::test]
async fn a_key_published_since_is_found_at_once() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let document = ring_of(&[Kind::EdDsa]);
    fixture.deployment.publish(&published(&document)).await;
    let token = fixture.forger(&document).token(|_, _| {});
    assert_eq!(fixture.reads(&function, &token).await, (200, 2));
}

/// Returns the shared ring with another time from which its key signs.
fn ring_from(signs_from: Timestamp) -> String {
    let mut ring = Ring::parse(shared_ring()).unwrap();
    ring.keys[0].dates.signs_from = signs_from;
    ring.document().unwrap().to_string()
}

#[tokio::test]
async fn a_key_verifies_no_token_of_before_its_time_until_an_emergency_moves_that() {
    let fixture = Fixture::of(Deployment::without_keys().await).await;
    let now = fixture.time.now();
    let later = ring_from(now.plus(1));
    fixture.deployment.use_keys(&later).await;
    let function = fixture.function().await;
    let early = fixture.token();
    let from_then_on = fixture
        .forger(shared_ring())
        .token(|_, claims| claims["iat"] = json!(now.unix() + 1));
    assert_eq!(fixture.reads(&function, &from_then_on).await, (200, 1));
    // As of an unknown key: what is published is read again, at most once in 30 seconds.
    assert_eq!(fixture.reads(&function, &early).await, (401, 1));
    assert_eq!(fixture.reads(&function, &early).await, (401, 0));
    fixture.deployment.publish(&published(&ring_from(now))).await;
    fixture.pass(30);
    assert_eq!(fixture.reads(&function, &early).await, (200, 2));
    assert_eq!(fixture.reads(&function, &early).await, (200, 1));
}

#[tokio::test]
async fn times_are_current_within_60_seconds_and_no_more() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let now = fixture.time.now().unix();
    for (iat, exp, nbf, status) in [
        (now - 100, now - 59, now, 200),
        (now - 100, now - 60, now, 401),
        (now + 60, now + 100, now, 200),
        (now + 61, now + 100, now, 401),
        (now, now + 100, now + 60, 200),
        (now, now + 100, now + 61, 401),
    ] {
        let token = fixture.forger(shared_ring()).token(|_, claims| {
            claims["iat"] = json!(iat);
            claims["exp"] = json!(exp);
            claims["nbf"] = json!(nbf);
        });
        let times = (iat - now, exp - now, nbf - now);
        assert_eq!(get(&function, &token).await.status, status, "{times:?}");
    }
}

#[tokio::test]
async fn a_token_lives_for_1_second_up_to_what_the_deployment_issues_now() {
    for longest in [1800, 600] {
        let deployment = Deployment::start().await;
        let fixture = Fixture::of(deployment.with("ACCESS_TOKEN_SECONDS", &longest.to_string())).await;
        let function = fixture.function().await;
        for (life, status) in [
            (-1, 401),
            (0, 401),
            (1, 200),
            (longest, 200),
            (longest + 1, 401),
            (i64::MAX / 2, 401),
        ] {
            let token = fixture
                .forger(shared_ring())
                .token(|_, claims| claims["exp"] = json!(claims["iat"].as_i64().unwrap() + life));
            assert_eq!(get(&function, &token).await.status, status, "{life} of {longest}");
        }
    }
}

#[tokio::test]
async fn a_subject_longer_than_any_id_is_no_user() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let token = fixture
        .forger(shared_ring())
        .token(|_, claims| claims["sub"] = json!("a".repeat(3_000)));
    assert_eq!(get(&function, &token).await.status, 401);
}

#[tokio::test]
async fn an_unknown_kid_is_a_503_where_the_keys_cannot_be_read_and_a_401_between_reads() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let stranger = fixture
        .forger(shared_ring())
        .token(|header, _| header["kid"] = json!("another"));
    fixture.proxy.always(Fault::Status500);
    is_unavailable(&get(&function, &stranger).await);
    assert_eq!(get(&function, &stranger).await.status, 401);
}

#[tokio::test]
async fn keys_that_have_aged_serve_on_while_they_cannot_be_read() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    fixture.pass(600);
    // All four attempts at the keys fail; the user's read passes.
    fixture.proxy.script_for("GetItem", vec![Fault::Status500; 4]);
    assert_eq!(get(&function, &fixture.token()).await.status, 200);
}

#[tokio::test]
async fn without_keys_a_request_is_a_503_and_the_next_one_tries_again() {
    let fixture = Fixture::of(Deployment::without_keys().await).await;
    let function = fixture.function().await;
    is_unavailable(&get(&function, &fixture.token()).await);
    fixture.deployment.publish("{\"keys\":[]}").await;
    is_unavailable(&get(&function, &fixture.token()).await);
    fixture.deployment.use_keys(shared_ring()).await;
    assert_eq!(get(&function, &fixture.token()).await.status, 200);
}

#[tokio::test]
async fn a_store_unavailable_at_the_cold_start_is_a_503_and_the_next_request_tries_again() {
    let fixture = Fixture::new().await;
    fixture.proxy.always(Fault::HangUpBefore);
    let function = fixture.function().await;
    is_unavailable(&get(&function, &fixture.token()).await);
    fixture.proxy.pass();
    assert_eq!(get(&function, &fixture.token()).await.status, 200);
}

#[tokio::test]
async fn a_store_that_hangs_is_a_503_within_the_functions_time() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    fixture.proxy.always(Fault::Hang);
    let started = Instant::now();
    is_unavailable(&get(&function, &fixture.token()).await);
    assert!(started.elapsed().as_secs() < 10);
}

#[tokio::test]
async fn published_keys_that_cannot_be_used_stop_the_start_with_a_message_that_names_them() {
    let deployment = Deployment::without_keys().await;
    for set in [
        "secret",
        "{\"keys\":[{\"jwk\":{\"kty\":\"oct\",\"k\":\"c2VjcmV0\",\"alg\":\"HS256\",\"kid\":\"a\"},\"published_at\":\"2026-01-01T00:00:00Z\",\"signs_from\":\"2026-01-01T00:00:00Z\",\"drop_at\":\"2100-01-01T00:00:00Z\"}]}",
    ] {
        deployment.publish(set).await;
        let message = deployment.start_error::<Me>().await;
        assert!(
            message.starts_with("the published keys in TABLE_NAME "),
            "{message}"
        );
        assert!(!message.contains("secret"), "{message}");
    }
}

#[tokio::test]
async fn keys_of_each_kind_verify_side_by_side() {
    let fixture = Fixture::of(Deployment::without_keys().await).await;
    let documents = [Kind::Rs256, Kind::Es256, Kind::EdDsa].map(|kind| ring_of(&[kind]));
    let keys: Vec<serde_json::Value> = documents
        .iter()
        .map(|document| serde_json::from_str::<serde_json::Value>(document).unwrap()["keys"][0].take())
        .collect();
    fixture
        .deployment
        .use_keys(&json!({ "keys": keys }).to_string())
        .await;
    let function = fixture.function().await;
    for document in &documents {
        let token = fixture.forger(document).token(|_, _| {});
        assert_eq!(get(&function, &token).await.status, 200);
    }
}
