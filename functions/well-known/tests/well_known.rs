//! When the published keys are read, and the responses without them. The tests of the package `local` show the HTTP contract.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::keys::{Dates, Kind, Published, Ring, RingKey, SigningKey};
use testing::clock::TestClock;
use testing::deployment::{Answer, Deployment, ISSUER, call};
use testing::event::Event;
use testing::fault_proxy::{Fault, FaultProxy};
use testing::rings::{published, ring_of};
use well_known::{JWKS_PATH, WellKnown};

const START: i64 = 1_800_000_000;

/// A deployment without keys behind a proxy, with a clock that the test sets.
struct Fixture {
    deployment: Deployment,
    proxy: FaultProxy,
    time: TestClock,
}

impl Fixture {
    async fn new() -> Self {
        let deployment = Deployment::without_keys().await;
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let time = TestClock::at(START);
        let deployment = deployment
            .with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint())
            .at(&time);
        Self {
            deployment,
            proxy,
            time,
        }
    }

    fn pass(&self, seconds: i64) {
        self.time.pass(seconds);
    }
}

async fn get(function: &WellKnown, path: &str) -> Answer {
    call(function, Event::new("GET", path)).await
}

fn kids(response: &Answer) -> Vec<&str> {
    assert_eq!(response.status, 200, "{response:?}");
    let keys = response.body["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn without_published_keys_the_set_is_an_uncacheable_503_and_the_metadata_is_there() {
    let fixture = Fixture::new().await;
    let function = fixture.deployment.function::<WellKnown>().await;
    let response = get(&function, JWKS_PATH).await;
    assert_eq!(
        (response.status, response.header("cache-control")),
        (503, "no-store")
    );
    assert!(response.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_eq!(
        get(&function, "/.well-known/openid-configuration").await.status,
        200
    );
    fixture
        .deployment
        .publish(&published(&ring_of(&[Kind::EdDsa])))
        .await;
    assert_eq!(kids(&get(&function, JWKS_PATH).await).len(), 1);
}

#[tokio::test]
async fn the_table_is_read_at_most_once_in_5_minutes_and_not_for_the_metadata() {
    let fixture = Fixture::new().await;
    fixture
        .deployment
        .publish(&published(&ring_of(&[Kind::EdDsa])))
        .await;
    let function = fixture.deployment.function::<WellKnown>().await;
    assert_eq!(kids(&get(&function, JWKS_PATH).await).len(), 1);
    fixture
        .deployment
        .publish(&published(&ring_of(&[Kind::EdDsa, Kind::Es256])))
        .await;
    fixture.proxy.reset_counts();
    fixture.pass(299);
    assert_eq!(kids(&get(&function, JWKS_PATH).await).len(), 1);
    get(&function, "/.well-known/oauth-authorization-server").await;
    assert!(fixture.proxy.operations().is_empty());
    fixture.pass(1);
    assert_eq!(kids(&get(&function, JWKS_PATH).await).len(), 2);
    assert_eq!(fixture.proxy.operations(), ["GetItem"]);
}

#[tokio::test]
async fn while_the_table_is_unavailable_keys_read_before_are_served_until_their_dates() {
    let fixture = Fixture::new().await;
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
        ..Ring::default()
    };
    let document = Published::default().with(&ring, at(0)).document().unwrap();
    fixture.deployment.publish(&document).await;
    let function = fixture.deployment.function::<WellKnown>().await;
    assert_eq!(kids(&get(&function, JWKS_PATH).await).len(), 2);
    fixture.proxy.always(Fault::Status500);
    fixture.pass(999);
    assert_eq!(kids(&get(&function, JWKS_PATH).await).len(), 2);
    fixture.pass(1);
    assert_eq!(kids(&get(&function, JWKS_PATH).await), [ring.keys[1].key.kid()]);
    fixture.pass(1000);
    assert_eq!(get(&function, JWKS_PATH).await.status, 503);
}

#[tokio::test]
async fn a_table_that_hangs_holds_up_one_request_in_30_seconds_and_the_metadata_never() {
    let fixture = Fixture::new().await;
    fixture
        .deployment
        .publish(&published(&ring_of(&[Kind::EdDsa])))
        .await;
    let function = fixture.deployment.function::<WellKnown>().await;
    assert_eq!(kids(&get(&function, JWKS_PATH).await).len(), 1);
    fixture.proxy.always(Fault::Throttle);
    fixture.pass(300);
    let asked = |fixture: &Fixture| fixture.proxy.operations().len();
    get(&function, JWKS_PATH).await;
    let first = asked(&fixture);
    fixture.pass(29);
    assert_eq!(kids(&get(&function, JWKS_PATH).await).len(), 1);
    assert_eq!(asked(&fixture), first);
    fixture.pass(1);
    assert_eq!(kids(&get(&function, JWKS_PATH).await).len(), 1);
    assert!(asked(&fixture) > first);
    // A cold start reads nothing that its first request does not need.
    fixture.proxy.reset_counts();
    let cold = fixture.deployment.function::<WellKnown>().await;
    assert_eq!(get(&cold, "/.well-known/openid-configuration").await.status, 200);
    assert_eq!(asked(&fixture), 0);
}

#[tokio::test]
async fn a_page_may_also_read_why_there_are_no_keys() {
    let fixture = Fixture::new().await;
    let function = fixture.deployment.function::<WellKnown>().await;
    let response = get(&function, JWKS_PATH).await;
    assert_eq!(
        (response.status, response.header("access-control-allow-origin")),
        (503, "*")
    );
}

#[tokio::test]
async fn what_the_gateway_owns_is_left_to_it_once_origins_are_allowed() {
    for (origins, header) in [("", "*"), ("https://function.example.com", "")] {
        let deployment = Deployment::start().await.with("ALLOWED_ORIGINS", origins);
        let function = deployment.function::<WellKnown>().await;
        let response = get(&function, JWKS_PATH).await;
        assert_eq!(response.header("access-control-allow-origin"), header);
    }
}

#[tokio::test]
async fn without_log_ins_the_metadata_names_what_is_left_for_clients() {
    let metadata = metadata_of("false", "false").await;
    assert_eq!(metadata["grant_types_supported"], json!(["client_credentials"]));
    assert!(metadata.get("revocation_endpoint").is_none() && metadata.get("scopes_supported").is_none());
}

#[tokio::test]
async fn the_metadata_name_the_scopes_of_the_deployment() {
    let deployment = Deployment::start()
        .await
        .with("SCOPES", "links:write, links:read");
    let function = deployment.function::<WellKnown>().await;
    let metadata = get(&function, "/.well-known/openid-configuration").await.body;
    assert_eq!(metadata["scopes_supported"], json!(["links:read", "links:write"]));
    let openid = deployment.with("SCOPES", "links:read,openid");
    let message = openid.start_error::<WellKnown>().await;
    assert_eq!(
        message,
        "SCOPES has a wrong item: The scopes of OpenID Connect need an OpenID Provider, which Latchkey is not"
    );
    let wrong = openid.with("SCOPES", "links read");
    let message = wrong.start_error::<WellKnown>().await;
    assert_eq!(
        message,
        "SCOPES has a wrong item: Each scope must have visible ASCII characters without quotation marks and backslashes"
    );
}

#[tokio::test]
async fn the_metadata_name_the_grants_that_are_offered_and_revocation_with_refresh_tokens() {
    for (password, refresh, grants) in [
        (
            "true",
            "true",
            json!(["password", "refresh_token", "client_credentials"]),
        ),
        ("true", "false", json!(["password", "client_credentials"])),
        ("false", "true", json!(["refresh_token", "client_credentials"])),
    ] {
        let metadata = metadata_of(password, refresh).await;
        assert_eq!(metadata["grant_types_supported"], grants);
        assert_eq!(metadata["token_endpoint"], format!("{ISSUER}/token"));
        let revocation = [
            ("revocation_endpoint", json!(format!("{ISSUER}/revoke"))),
            (
                "revocation_endpoint_auth_methods_supported",
                json!(["none", "client_secret_basic", "client_secret_post"]),
            ),
        ];
        for (member, value) in revocation {
            let expected = (refresh == "true").then_some(&value);
            assert_eq!(metadata.get(member), expected, "{grants}");
        }
    }
}

async fn metadata_of(password: &str, refresh: &str) -> Value {
    let deployment = Deployment::start().await.with("ENABLE_PASSWORD_GRANT", password);
    let deployment = deployment.with("ENABLE_REFRESH_TOKENS", refresh);
    let function = deployment.function::<WellKnown>().await;
    get(&function, "/.well-known/openid-configuration").await.body
}

#[tokio::test]
async fn a_path_that_is_none_of_the_three_is_an_unknown_route() {
    let deployment = Deployment::start().await;
    let function = deployment.function::<WellKnown>().await;
    assert_eq!(get(&function, "/.well-known/webfinger").await.status, 404);
}
