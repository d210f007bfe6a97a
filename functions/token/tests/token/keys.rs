//! When the key ring is read, and which key signs.

use jsonwebtoken::decode_header;
use shared::clock::Timestamp;
use shared::keys::{Dates, Kind, NamesKey, Ring, RingKey, SessionKey, SigningKey};
use shared::tokens::Signer;
use testing::clock::TestClock;
use testing::deployment::Deployment;
use testing::secrets_manager::{SECRET, SecretsManager};
use token::Token;

use super::{PASSWORD, is_unavailable, try_log_in};

const START: i64 = 1_800_000_000;
const HOUR: i64 = 3600;
/// The default token life and lead, together in seconds.
const REACH: i64 = 1800 + 6 * HOUR;

/// A deployment with its ring in a secret and a clock that the test sets.
struct Fixture {
    secrets: SecretsManager,
    deployment: Deployment,
    time: TestClock,
}

impl Fixture {
    async fn new() -> Self {
        let secrets = SecretsManager::start().await.unwrap();
        let time = TestClock::at(START);
        let deployment = Deployment::without_keys()
            .await
            .with("SIGNING_KEYS_FILE", "")
            .with("SIGNING_KEYS_SECRET", SECRET)
            .with("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint())
            .at(&time);
        deployment.user("johndoe", PASSWORD).await;
        Self {
            secrets,
            deployment,
            time,
        }
    }

    fn pass(&self, seconds: i64) {
        self.time.pass(seconds);
    }

    fn put(&self, ring: &Ring) {
        self.secrets.put(&ring.document().unwrap());
    }

    async fn function(&self) -> Token {
        self.deployment.function::<Token>().await
    }
}

/// Creates a key that signs for a while, in seconds from the start, and may be dropped an hour after its last token has expired.
fn key(signs_from: i64, signs_until: i64) -> RingKey {
    let at = |seconds| Timestamp::from_unix(START + seconds);
    RingKey {
        key: SigningKey::generate(Kind::EdDsa).unwrap(),
        dates: Dates {
            made_at: at(0),
            signs_from: at(signs_from),
            signs_until: at(signs_until),
            drop_at: at(signs_until + REACH + HOUR),
        },
    }
}

fn ring_of(keys: Vec<RingKey>) -> Ring {
    Ring {
        keys,
        session_keys: vec![SessionKey::generate(Timestamp::from_unix(START)).unwrap()],
        names_key: Some(NamesKey::generate().unwrap()),
    }
}

/// Returns the id of the key that signs a log-in now.
async fn signer(function: &Token) -> String {
    let response = try_log_in(function, "johndoe", PASSWORD).await;
    assert_eq!(response.status, 200, "{response:?}");
    let token = response.body["access_token"].as_str().unwrap();
    decode_header(token).unwrap().kid.unwrap()
}

#[tokio::test]
async fn the_key_whose_time_began_last_signs_and_none_before_its_time() {
    let fixture = Fixture::new().await;
    let ring = ring_of(vec![
        key(0, 20 * HOUR),
        key(HOUR, 40 * HOUR),
        key(30 * HOUR, 60 * HOUR),
    ]);
    let kids: Vec<&str> = ring.keys.iter().map(|ring_key| ring_key.key.kid()).collect();
    fixture.put(&ring);
    let function = fixture.function().await;
    assert_eq!(signer(&function).await, kids[0]);
    fixture.pass(HOUR - 1);
    assert_eq!(signer(&function).await, kids[0]);
    fixture.pass(1);
    assert_eq!(signer(&function).await, kids[1]);
    fixture.pass(30 * HOUR);
    assert_eq!(signer(&function).await, kids[2]);
}

#[tokio::test]
async fn a_ring_older_than_5_minutes_is_read_again_and_awaited_before_signing() {
    let fixture = Fixture::new().await;
    let (old, new) = (key(0, 90 * HOUR), key(0, 90 * HOUR));
    let (old_kid, new_kid) = (old.key.kid().to_owned(), new.key.kid().to_owned());
    fixture.put(&ring_of(vec![old]));
    let function = fixture.function().await;
    fixture.put(&ring_of(vec![new]));
    fixture.pass(299);
    assert_eq!(signer(&function).await, old_kid);
    assert_eq!(fixture.secrets.count("GetSecretValue"), 1, "the cold start's");
    fixture.pass(1);
    assert_eq!(signer(&function).await, new_kid);
    assert_eq!(signer(&function).await, new_kid);
    assert_eq!(fixture.secrets.count("GetSecretValue"), 2);
}

#[tokio::test]
async fn a_session_key_of_a_newer_ring_is_found_by_reading_it_once_in_30_s() {
    let fixture = Fixture::new().await;
    let (old, new) = (ring_of(vec![key(0, HOUR)]), ring_of(vec![key(0, HOUR)]));
    fixture.put(&old);
    let (env, clock) = (fixture.deployment.env(), fixture.time.clock());
    let signer = Signer::connect(&env, &clock).await.unwrap();
    signer.prepare().await.unwrap();
    fixture.put(&new);
    let find = async |id: [u8; 8]| {
        let pick = |ring: &Ring| ring.session_key_of(&id).cloned();
        signer.find_in_ring(pick).await.unwrap()
    };
    let reads = || fixture.secrets.count("GetSecretValue");
    let id = *new.session_keys[0].id();
    assert_eq!(find(id).await.unwrap().id(), &id);
    assert!(find([0; 8]).await.is_none());
    assert_eq!(reads(), 2);
    fixture.pass(30);
    assert!(find([0; 8]).await.is_none() && find([1; 8]).await.is_none());
    assert_eq!(reads(), 3);
}

#[tokio::test]
async fn ten_minutes_without_the_secrets_store_leave_a_warm_function_signing() {
    let fixture = Fixture::new().await;
    let ring = ring_of(vec![key(0, 90 * HOUR)]);
    fixture.put(&ring);
    let function = fixture.function().await;
    fixture.secrets.set_away(true);
    for _ in 0..60 {
        fixture.pass(10);
        assert_eq!(signer(&function).await, ring.keys[0].key.kid());
    }
    // The first at five minutes, and then one in thirty seconds, so that log-ins don't wait for an unavailable store.
    assert_eq!(fixture.secrets.count("GetSecretValue"), 1 + 11);
    fixture.secrets.set_away(false);
    fixture.pass(30);
    assert_eq!(signer(&function).await, ring.keys[0].key.kid());
    assert_eq!(fixture.secrets.count("GetSecretValue"), 1 + 12);
}

#[tokio::test]
async fn an_old_ring_serves_within_its_keys_dates_and_no_longer() {
    let fixture = Fixture::new().await;
    fixture.put(&ring_of(vec![key(0, HOUR)]));
    let function = fixture.function().await;
    fixture.secrets.set_away(true);
    fixture.pass(HOUR - 1);
    signer(&function).await;
    fixture.pass(1);
    is_unavailable(&try_log_in(&function, "johndoe", PASSWORD).await);
}

#[tokio::test]
async fn a_longer_token_life_stops_a_key_before_its_tokens_would_outlive_it() {
    let fixture = Fixture::new().await;
    fixture.put(&ring_of(vec![key(0, 2 * HOUR)]));
    let longer = fixture.deployment.with("ACCESS_TOKEN_SECONDS", "9000");
    let function = longer.function::<Token>().await;
    signer(&function).await;
    // Two hours more than when the key was made, one of which is to spare, so it stops an hour earlier.
    fixture.time.pass(HOUR);
    signer(&function).await;
    fixture.time.pass(1);
    is_unavailable(&try_log_in(&function, "johndoe", PASSWORD).await);
}

#[tokio::test]
async fn before_the_first_rotation_the_right_password_is_a_503_and_after_it_a_200() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    is_unavailable(&try_log_in(&function, "johndoe", PASSWORD).await);
    fixture.put(&ring_of(vec![key(0, HOUR)]));
    signer(&function).await;
}

#[tokio::test]
async fn a_secret_that_does_not_parse_stops_the_start_and_is_not_shown() {
    let fixture = Fixture::new().await;
    fixture.secrets.put("swordfish");
    let message = fixture.deployment.start_error::<Token>().await;
    assert!(
        message.starts_with("SIGNING_KEYS_SECRET is not a document of signing keys"),
        "{message}"
    );
    assert!(!message.contains("swordfish"));
}
