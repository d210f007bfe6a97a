//! A rotation beside the running service, as `latchkey keys` does it, at a time that the test decides.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use local::{Data, Limits, Options, Service, TABLE_NAME};
use reqwest::Client;
use serde_json::{Value, json};
use shared::env::Env;
use shared::keys::{KEYS_FILE, Rotation};
use tempfile::TempDir;
use testing::clock::TestClock;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::running::PASSWORD;

/// The lead, shortened, in seconds.
pub(crate) const LEAD: i64 = 720;
pub(crate) const ROTATION: i64 = 3600;
const TOKEN_LIFE: i64 = 60;

pub(crate) struct Fixture {
    folder: Arc<TempDir>,
    pub(crate) url: String,
    dynamodb: String,
    time: TestClock,
    variables: BTreeMap<&'static str, String>,
    pub(crate) client: Client,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with_variables(&[]).await
    }

    async fn with_times(lead: i64, rotation: i64) -> Self {
        let (lead, rotation) = (lead.to_string(), rotation.to_string());
        Self::with_variables(&[("KEY_LEAD_SECONDS", &lead), ("KEY_ROTATION_SECONDS", &rotation)]).await
    }

    pub(crate) async fn with_variables(variables: &[(&'static str, &str)]) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let mut all = vec![
            ("KEY_LEAD_SECONDS", LEAD.to_string()),
            ("KEY_ROTATION_SECONDS", ROTATION.to_string()),
            ("ACCESS_TOKEN_SECONDS", TOKEN_LIFE.to_string()),
        ];
        all.extend(variables.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let fixture = Self::start(folder, &all, 1_800_000_000).await;
        let user = json!({"username": "johndoe", "password": PASSWORD});
        let request = fixture
            .client
            .post(format!("{}/register", fixture.url))
            .json(&user);
        assert_eq!(request.send().await.unwrap().status(), 201);
        fixture
    }

    async fn start(folder: Arc<TempDir>, times: &[(&'static str, String)], now: i64) -> Self {
        let time = TestClock::at(now);
        let mut variables = BTreeMap::from([
            ("ARGON2_MEMORY_KIB", "7168".to_owned()),
            ("ARGON2_ITERATIONS", "1".to_owned()),
        ]);
        variables.extend(times.iter().cloned());
        let options = Options {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            dynamodb_port: 0,
            data: Data::Folder(folder.path().to_owned()),
            dynamodb: None,
            example: None,
            limits: Limits::default(),
        };
        let service = Service::start(options, |name| variables.get(name).cloned(), time.clock())
            .await
            .unwrap();
        let (stop, stopped) = oneshot::channel();
        Self {
            folder,
            url: service.url(),
            dynamodb: service.dynamodb_url().to_owned(),
            time,
            variables,
            client: Client::new(),
            stop,
            served: tokio::spawn(service.run(async {
                let _ = stopped.await;
            })),
        }
    }

    /// Stops the service and returns its folder.
    async fn stop(self) -> Arc<TempDir> {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
        self.folder
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.time.pass(seconds);
    }

    /// Rotates. The file of the ring is locked meanwhile, by the service too where its turn has come: it needs a thread of its own.
    pub(crate) async fn rotate(&self) {
        self.rotation().await.rotate().await.unwrap();
    }

    /// Drops a compromised key, `*` for all.
    pub(crate) async fn drop_key(&self, kid: &str) {
        self.rotation().await.drop_compromised(kid).await.unwrap();
    }

    async fn rotation(&self) -> Rotation {
        let env = Env::new(|name| match name {
            "TABLE_NAME" => Some(TABLE_NAME.to_owned()),
            "AWS_ENDPOINT_URL_DYNAMODB" => Some(self.dynamodb.clone()),
            "SIGNING_KEYS_FILE" => Some(self.folder.path().join(KEYS_FILE).display().to_string()),
            name => self.variables.get(name).cloned(),
        });
        Rotation::connect(&env, &self.time.clock()).await.unwrap()
    }

    async fn get(&self, url: &str) -> Value {
        self.client.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Returns the published ids, found by discovery alone.
    async fn published(&self) -> Vec<String> {
        let metadata = self
            .get(&format!("{}/.well-known/openid-configuration", self.url))
            .await;
        let set = self.get(metadata["jwks_uri"].as_str().unwrap()).await;
        let keys = set["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Returns a fresh token and the id of its key.
    async fn log_in(&self) -> (String, String) {
        let form = [("username", "johndoe"), ("password", PASSWORD)];
        let request = self.client.post(format!("{}/token", self.url)).form(&form);
        let response: Value = request.send().await.unwrap().json().await.unwrap();
        let token = response["access_token"].as_str().unwrap_or_default().to_owned();
        let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
        (token, kid)
    }

    /// Reports whether `/users/me` accepts a token.
    async fn is_accepted(&self, token: &str) -> bool {
        let request = self
            .client
            .get(format!("{}/users/me", self.url))
            .bearer_auth(token);
        request.send().await.unwrap().status() == 200
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_publishes_signs_and_drops_and_tokens_are_accepted_until_they_expire() {
    let fixture = Fixture::new().await;
    let [old, new] = fixture.published().await.try_into().unwrap();
    fixture.pass(60);
    fixture.rotate().await;
    // Published and not signing: its lead since the start is not over.
    let (token, kid) = fixture.log_in().await;
    assert_eq!(kid, old);
    fixture.pass(TOKEN_LIFE);
    assert!(fixture.is_accepted(&token).await);
    // Signing, and the old one is still there for its tokens.
    fixture.pass(LEAD - 60 - TOKEN_LIFE - 1);
    let (last_of_old, kid) = fixture.log_in().await;
    assert_eq!(kid, old);
    fixture.pass(1);
    let (token, kid) = fixture.log_in().await;
    assert_eq!(kid, new);
    assert!(fixture.is_accepted(&token).await && fixture.is_accepted(&last_of_old).await);
    // The old one is gone by its date: twice the time of a rotation, the token's life and the lead.
    let gone = 2 * ROTATION + TOKEN_LIFE + LEAD;
    fixture.pass(gone - LEAD - 1);
    assert!(fixture.published().await.contains(&old));
    fixture.pass(1);
    assert!(!fixture.published().await.contains(&old));
    let (token, _) = fixture.log_in().await;
    assert!(fixture.is_accepted(&token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compromised_key_is_gone_at_once_and_its_tokens_within_the_age_of_a_copy() {
    let fixture = Fixture::new().await;
    let (token, kid) = fixture.log_in().await;
    fixture.drop_key(&kid).await;
    // The functions read their copies again after a 72nd of the lead.
    fixture.pass(LEAD / 72);
    assert!(!fixture.published().await.contains(&kid));
    let (_, now) = fixture.log_in().await;
    assert_ne!(now, kid);
    assert!(!fixture.is_accepted(&token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_unavailable_for_ten_minutes_leaves_the_service_signing_and_verifying() {
    let fixture = Fixture::new().await;
    let file = fixture.folder.path().join(KEYS_FILE);
    let kept = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    for _ in 0..10 {
        fixture.pass(60);
        let (token, _) = fixture.log_in().await;
        assert!(fixture.is_accepted(&token).await);
    }
    std::fs::write(&file, kept).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ring_can_be_read_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new().await;
    let ring = fixture.folder.path().join(KEYS_FILE);
    // As an earlier run may have left it.
    let left = ring.with_extension("next");
    std::fs::write(&left, "").unwrap();
    std::fs::set_permissions(&left, std::fs::Permissions::from_mode(0o644)).unwrap();
    fixture.rotate().await;
    let file = std::fs::metadata(&ring).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    assert!(!left.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn users_me_accepts_keys_that_change_within_seconds_at_once() {
    let fixture = Fixture::with_times(4, 10).await;
    for second in 0..60 {
        fixture.pass(1);
        if second % 10 == 0 {
            fixture.rotate().await;
        }
        let (token, kid) = fixture.log_in().await;
        assert!(fixture.is_accepted(&token).await, "{kid} at {second}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_of_shortened_times_does_not_hold_up_a_start_with_the_usual_ones() {
    let shortened = Fixture::with_times(4, 20).await;
    shortened.pass(30);
    let now = shortened.time.now().unix();
    let usual = Fixture::start(shortened.stop().await, &[], now).await;
    let (_, kid) = usual.log_in().await;
    assert!(usual.published().await.contains(&kid));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_can_be_dropped_at_once_and_a_drop_can_be_repeated() {
    let fixture = Fixture::new().await;
    let before = fixture.published().await;
    fixture.drop_key("*").await;
    fixture.drop_key(&before[0]).await;
    fixture.pass(LEAD / 72);
    let after = fixture.published().await;
    assert!(!after.is_empty() && before.iter().all(|kid| !after.contains(kid)));
    let (_, kid) = fixture.log_in().await;
    assert!(after.contains(&kid));
}
