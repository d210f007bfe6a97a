//! When the keys are read, and what is answered when the store or the keys are away. The HTTP contract is shown by the tests
//! of the package `local`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use me::{FUNCTION, handler};
use serde_json::json;
use shared::app::App;
use shared::clock::{Clock, Timestamp};
use shared::keys::Kind;
use testing::deployment::{Answer, Deployment, ISSUER, call};
use testing::event;
use testing::fault_proxy::{Fault, FaultProxy};
use testing::forge::Forger;
use testing::rings::{published, ring_of, shared_ring};

/// A deployment behind a proxy, a user of it, and the hand on its clock.
struct Scene {
    deployment: Deployment,
    proxy: FaultProxy,
    user: String,
    now: Arc<AtomicI64>,
}

impl Scene {
    async fn new() -> Self {
        Self::of(Deployment::start().await).await
    }

    async fn of(deployment: Deployment) -> Self {
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let user = deployment.user("johndoe", "correct horse battery").await;
        let now = Arc::new(AtomicI64::new(Clock::system().now().unix()));
        let hand = Arc::clone(&now);
        let deployment = deployment
            .with("DYNAMODB_ENDPOINT", proxy.endpoint())
            .at(move || Timestamp::from_unix(hand.load(Ordering::SeqCst)));
        Self {
            deployment,
            proxy,
            user,
            now,
        }
    }

    async fn app(&self) -> App {
        self.deployment.app(FUNCTION).await
    }

    fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    fn forger(&self, document: &str) -> Forger {
        Forger::new(document, ISSUER, &self.user, self.now.load(Ordering::SeqCst))
    }

    fn token(&self) -> String {
        self.forger(shared_ring()).token(|_, _| {})
    }

    /// How many reads a request makes.
    async fn reads(&self, app: &App, token: &str) -> (u16, usize) {
        self.proxy.reset_counts();
        let answer = get(app, token).await;
        assert_eq!(self.proxy.operations().len(), self.proxy.count("GetItem"));
        (answer.status, self.proxy.count("GetItem"))
    }
}

async fn get(app: &App, token: &str) -> Answer {
    call(FUNCTION, handler, app.clone(), event::me(token).request()).await
}

fn is_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn a_request_makes_one_read_and_a_cold_start_one_more_for_the_keys() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    assert_eq!(scene.proxy.operations(), ["GetItem"], "the JWK Set");
    for _ in 0..3 {
        assert_eq!(scene.reads(&app, &scene.token()).await, (200, 1));
    }
    assert_eq!(
        scene.reads(&app, "x.y.z").await,
        (401, 0),
        "what does not verify reads no user"
    );
}

#[tokio::test]
async fn keys_older_than_5_minutes_are_read_again() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    scene.pass(299);
    assert_eq!(scene.reads(&app, &scene.token()).await, (200, 1));
    scene.pass(1);
    assert_eq!(scene.reads(&app, &scene.token()).await, (200, 2));
    assert_eq!(scene.reads(&app, &scene.token()).await, (200, 1));
}

#[tokio::test]
async fn a_key_that_is_no_longer_published_verifies_nothing_5_minutes_later() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let token = scene.token();
    scene
        .deployment
        .publish(&published(&ring_of(&[Kind::Es256])))
        .await;
    scene.pass(300);
    assert_eq!(get(&app, &token).await.status, 401);
}

#[tokio::test]
async fn an_unknown_kid_makes_the_keys_be_read_again_at_most_once_in_30_seconds() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let stranger = scene
        .forger(shared_ring())
        .token(|header, _| header["kid"] = json!("another"));
    assert_eq!(scene.reads(&app, &stranger).await, (401, 1));
    assert_eq!(scene.reads(&app, &stranger).await, (401, 0));
    scene.pass(29);
    assert_eq!(scene.reads(&app, &stranger).await, (401, 0));
    assert_eq!(
        scene.reads(&app, &scene.token()).await,
        (200, 1),
        "others are not held up"
    );
    scene.pass(1);
    assert_eq!(scene.reads(&app, &stranger).await, (401, 1));
}

#[tokio::test]
async fn a_key_published_since_is_found_at_once() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let document = ring_of(&[Kind::EdDsa]);
    scene.deployment.publish(&published(&document)).await;
    let token = scene.forger(&document).token(|_, _| {});
    assert_eq!(scene.reads(&app, &token).await, (200, 2));
}

#[tokio::test]
async fn an_unknown_kid_is_a_503_where_the_keys_cannot_be_read_and_a_401_between_reads() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let stranger = scene
        .forger(shared_ring())
        .token(|header, _| header["kid"] = json!("another"));
    scene.proxy.always(Fault::Status500);
    is_unavailable(&get(&app, &stranger).await);
    assert_eq!(get(&app, &stranger).await.status, 401);
}

#[tokio::test]
async fn keys_that_have_aged_serve_on_while_they_cannot_be_read() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    scene.pass(600);
    // All four attempts at the keys fail; the user's read passes.
    scene.proxy.script_for("GetItem", vec![Fault::Status500; 4]);
    assert_eq!(get(&app, &scene.token()).await.status, 200);
}

#[tokio::test]
async fn without_keys_a_request_is_a_503_and_the_next_one_tries_again() {
    let scene = Scene::of(Deployment::without_keys().await).await;
    let app = scene.app().await;
    is_unavailable(&get(&app, &scene.token()).await);
    scene.deployment.publish("{\"keys\":[]}").await;
    is_unavailable(&get(&app, &scene.token()).await);
    scene.deployment.use_keys(shared_ring()).await;
    assert_eq!(get(&app, &scene.token()).await.status, 200);
}

#[tokio::test]
async fn a_store_that_is_away_at_the_cold_start_is_a_503_and_the_next_request_tries_again() {
    let scene = Scene::new().await;
    scene.proxy.always(Fault::HangUpBefore);
    let app = scene.app().await;
    is_unavailable(&get(&app, &scene.token()).await);
    scene.proxy.pass();
    assert_eq!(get(&app, &scene.token()).await.status, 200);
}

#[tokio::test]
async fn a_store_that_hangs_is_a_503_within_the_functions_time() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    scene.proxy.always(Fault::Hang);
    let started = Instant::now();
    is_unavailable(&get(&app, &scene.token()).await);
    assert!(started.elapsed().as_secs() < 10);
}

#[tokio::test]
async fn published_keys_that_cannot_be_used_stops_the_start_with_a_message_that_names_it() {
    let deployment = Deployment::without_keys().await;
    for set in [
        "secret",
        "{\"keys\":[{\"jwk\":{\"kty\":\"oct\",\"k\":\"c2VjcmV0\",\"alg\":\"HS256\",\"kid\":\"a\"},\"published_at\":\"2026-01-01T00:00:00Z\",\"drop_at\":\"2100-01-01T00:00:00Z\"}]}",
    ] {
        deployment.publish(set).await;
        let message = deployment.try_app(FUNCTION).await.map(|_| ()).unwrap_err();
        assert!(
            message.starts_with("what is published of the keys in TABLE_NAME "),
            "{message}"
        );
        assert!(!message.contains("secret"), "{message}");
    }
}

#[tokio::test]
async fn keys_of_each_kind_verify_side_by_side() {
    let scene = Scene::of(Deployment::without_keys().await).await;
    let documents = [Kind::Rs256, Kind::Es256, Kind::EdDsa].map(|kind| ring_of(&[kind]));
    let keys: Vec<serde_json::Value> = documents
        .iter()
        .map(|document| serde_json::from_str::<serde_json::Value>(document).unwrap()["keys"][0].take())
        .collect();
    scene
        .deployment
        .use_keys(&json!({ "keys": keys }).to_string())
        .await;
    let app = scene.app().await;
    for document in &documents {
        let token = scene.forger(document).token(|_, _| {});
        assert_eq!(get(&app, &token).await.status, 200);
    }
}
