//! When the published keys are read, and what is answered without them. The HTTP contract is shown by the tests of the package
//! `local`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use shared::app::App;
use shared::clock::Timestamp;
use shared::keys::{Kind, SigningKey};
use shared::published::Published;
use shared::ring::{Dates, Ring, RingKey};
use testing::deployment::{Answer, Deployment, call};
use testing::event::Event;
use testing::fault_proxy::{Fault, FaultProxy};
use testing::rings::{published, ring_of};
use well_known::{FUNCTION, JWKS_PATH, handler};

const START: i64 = 1_800_000_000;

/// A deployment without keys behind a proxy, and the hand on its clock.
struct Scene {
    deployment: Deployment,
    proxy: FaultProxy,
    now: Arc<AtomicI64>,
}

impl Scene {
    async fn new() -> Self {
        let deployment = Deployment::without_keys().await;
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let now = Arc::new(AtomicI64::new(START));
        let hand = Arc::clone(&now);
        let deployment = deployment
            .with("DYNAMODB_ENDPOINT", proxy.endpoint())
            .at(move || Timestamp::from_unix(hand.load(Ordering::SeqCst)));
        Self {
            deployment,
            proxy,
            now,
        }
    }

    fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }
}

async fn get(app: &App, path: &str) -> Answer {
    call(FUNCTION, handler, app.clone(), Event::new("GET", path).request()).await
}

fn kids(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let keys = answer.body["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn until_keys_are_published_the_set_is_a_503_that_may_not_be_kept_and_the_metadata_is_there() {
    let scene = Scene::new().await;
    let app = scene.deployment.app(FUNCTION).await;
    let answer = get(&app, JWKS_PATH).await;
    assert_eq!((answer.status, answer.header("cache-control")), (503, "no-store"));
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_eq!(get(&app, "/.well-known/openid-configuration").await.status, 200);
    scene
        .deployment
        .publish(&published(&ring_of(&[Kind::EdDsa])))
        .await;
    assert_eq!(kids(&get(&app, JWKS_PATH).await).len(), 1);
}

#[tokio::test]
async fn the_table_is_read_at_most_once_in_5_minutes_and_not_for_the_metadata() {
    let scene = Scene::new().await;
    scene
        .deployment
        .publish(&published(&ring_of(&[Kind::EdDsa])))
        .await;
    let app = scene.deployment.app(FUNCTION).await;
    assert_eq!(kids(&get(&app, JWKS_PATH).await).len(), 1);
    scene
        .deployment
        .publish(&published(&ring_of(&[Kind::EdDsa, Kind::Es256])))
        .await;
    scene.proxy.reset_counts();
    scene.pass(299);
    assert_eq!(kids(&get(&app, JWKS_PATH).await).len(), 1);
    get(&app, "/.well-known/oauth-authorization-server").await;
    assert!(scene.proxy.operations().is_empty());
    scene.pass(1);
    assert_eq!(kids(&get(&app, JWKS_PATH).await).len(), 2);
    assert_eq!(scene.proxy.operations(), ["GetItem"]);
}

#[tokio::test]
async fn while_the_table_is_away_the_keys_that_were_read_before_are_served_until_their_dates() {
    let scene = Scene::new().await;
    let at = |seconds| Timestamp::from_unix(START + seconds);
    let key = |drop_at| RingKey {
        key: SigningKey::generate(Kind::EdDsa).unwrap(),
        dates: Dates {
            made_at: at(0),
            signs_from: at(0),
            signs_until: at(0),
            drop_at: at(drop_at),
        },
    };
    let ring = Ring {
        keys: vec![key(1000), key(2000)],
    };
    let document = Published::default().with(&ring, at(0)).document().unwrap();
    scene.deployment.publish(&document).await;
    let app = scene.deployment.app(FUNCTION).await;
    assert_eq!(kids(&get(&app, JWKS_PATH).await).len(), 2);
    scene.proxy.always(Fault::Status500);
    scene.pass(999);
    assert_eq!(kids(&get(&app, JWKS_PATH).await).len(), 2);
    scene.pass(1);
    assert_eq!(kids(&get(&app, JWKS_PATH).await), [ring.keys[1].key.kid()]);
    scene.pass(1000);
    assert_eq!(get(&app, JWKS_PATH).await.status, 503);
}

#[tokio::test]
async fn a_table_that_hangs_holds_up_one_request_in_30_seconds_and_the_metadata_never() {
    let scene = Scene::new().await;
    scene
        .deployment
        .publish(&published(&ring_of(&[Kind::EdDsa])))
        .await;
    let app = scene.deployment.app(FUNCTION).await;
    assert_eq!(kids(&get(&app, JWKS_PATH).await).len(), 1);
    scene.proxy.always(Fault::Throttle);
    scene.pass(300);
    let asked = |scene: &Scene| scene.proxy.operations().len();
    get(&app, JWKS_PATH).await;
    let first = asked(&scene);
    scene.pass(29);
    assert_eq!(kids(&get(&app, JWKS_PATH).await).len(), 1);
    assert_eq!(asked(&scene), first);
    scene.pass(1);
    assert_eq!(kids(&get(&app, JWKS_PATH).await).len(), 1);
    assert!(asked(&scene) > first);
    // A cold start reads nothing that its first request does not need.
    scene.proxy.reset_counts();
    let cold = scene.deployment.app(FUNCTION).await;
    assert_eq!(get(&cold, "/.well-known/openid-configuration").await.status, 200);
    assert_eq!(asked(&scene), 0);
}

#[tokio::test]
async fn a_page_may_also_read_why_there_are_no_keys() {
    let scene = Scene::new().await;
    let app = scene.deployment.app(FUNCTION).await;
    let answer = get(&app, JWKS_PATH).await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (503, "*")
    );
}

#[tokio::test]
async fn what_the_gateway_owns_is_left_to_it_once_origins_are_allowed() {
    for (origins, header) in [("", "*"), ("https://app.example.com", "")] {
        let deployment = Deployment::start().await.with("ALLOWED_ORIGINS", origins);
        let app = deployment.app(FUNCTION).await;
        let answer = get(&app, JWKS_PATH).await;
        assert_eq!(answer.header("access-control-allow-origin"), header);
    }
}

#[tokio::test]
async fn without_a_grant_the_metadata_names_no_token_endpoint_and_no_empty_array() {
    let deployment = Deployment::start().await.with("ENABLE_PASSWORD_GRANT", "false");
    let app = deployment.app(FUNCTION).await;
    let answer = get(&app, "/.well-known/openid-configuration").await;
    let members: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["issuer", "jwks_uri", "response_types_supported"]);
}

#[tokio::test]
async fn a_path_that_is_none_of_the_three_is_an_unknown_route() {
    let deployment = Deployment::start().await;
    let app = deployment.app(FUNCTION).await;
    assert_eq!(get(&app, "/.well-known/webfinger").await.status, 404);
}
