//! A deployment with a secret, at a time that the test decides.

use rotate_keys::{Outcome, RotateKeys};
use serde_json::{Value, json};
use shared::clock::{Clock, Timestamp};
use shared::env::Env;
use shared::error::Error;
use shared::keys::{Published, PublishedStore, Ring, Versioned};
use shared::lambda::ready;
use shared::table::Table;
use testing::clock::TestClock;
use testing::deployment::Deployment;
use testing::fault_proxy::FaultProxy;
use testing::secrets_manager::{SECRET, SecretsManager};

/// The template's lead, in seconds.
pub(crate) const LEAD: u32 = 21_600;
/// The template's life of a token, in seconds.
pub(crate) const TOKEN_LIFE: u32 = 1800;
/// The template's time between rotations, in seconds.
pub(crate) const ROTATION: u32 = 2_592_000;
const START: i64 = 1_800_000_000;

pub(crate) struct Fixture {
    pub(crate) secrets: SecretsManager,
    pub(crate) deployment: Deployment,
    /// The proxy between the function and the table.
    pub(crate) proxy: FaultProxy,
    time: TestClock,
    function: RotateKeys,
}

impl Fixture {
    /// Creates a deployment with small keys, which are made quickly.
    pub(crate) async fn new() -> Self {
        Self::with_variables(&[("KEY_KIND", "EdDSA")]).await
    }

    pub(crate) async fn with_variables(variables: &[(&str, &str)]) -> Self {
        let time = TestClock::at(START);
        let secrets = SecretsManager::start().await.unwrap();
        let mut deployment = Deployment::without_keys()
            .await
            .with("SIGNING_KEYS_FILE", "")
            .with("SIGNING_KEYS_SECRET", SECRET)
            .with("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint())
            .at(&time);
        for (name, value) in variables {
            deployment = deployment.with(name, value);
        }
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let deployment = deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
        let function = ready(&deployment.env(), &time.clock()).await.unwrap();
        Self {
            secrets,
            deployment,
            proxy,
            time,
            function,
        }
    }

    /// Redeploys it with another value of a variable.
    pub(crate) async fn with(mut self, name: &str, value: &str) -> Self {
        self.deployment = self.deployment.with(name, value);
        self.function = ready(&self.deployment.env(), &self.clock()).await.unwrap();
        self
    }

    pub(crate) fn start(&self) -> Timestamp {
        Timestamp::from_unix(START)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.time.now()
    }

    pub(crate) fn clock(&self) -> Clock {
        self.time.clock()
    }

    pub(crate) fn pass(&self, seconds: u32) {
        self.time.pass(i64::from(seconds));
    }

    pub(crate) fn pass_to(&self, time: Timestamp) {
        self.time.pass_to(time);
    }

    /// Returns the store of published keys, behind the proxy.
    pub(crate) async fn store(&self) -> PublishedStore {
        PublishedStore::new(Table::connect(&self.env()).await.unwrap())
    }

    pub(crate) fn env(&self) -> Env<'_> {
        self.deployment.env()
    }

    pub(crate) async fn published(&self) -> Versioned<Published> {
        self.store().await.read().await.unwrap()
    }

    pub(crate) async fn handle(&self, event: Value) -> Result<Outcome, Error> {
        self.function.handle(serde_json::from_value(event).unwrap()).await
    }

    pub(crate) async fn step(&self, step: &str, token: &str) -> Result<Outcome, Error> {
        let event = json!({"Step": step, "SecretId": SECRET, "ClientRequestToken": token});
        self.handle(event).await
    }

    pub(crate) async fn compromised(&self, kid: &str) -> Result<Outcome, Error> {
        self.handle(json!({"compromised": kid})).await
    }

    /// Runs a whole rotation as Secrets Manager does.
    pub(crate) async fn rotate(&self) {
        let token = self.secrets.begin_rotation();
        for step in ["createSecret", "setSecret", "testSecret", "finishSecret"] {
            self.step(step, &token).await.unwrap();
        }
    }

    pub(crate) fn ring(&self) -> Ring {
        Ring::parse(&self.secrets.current().unwrap()).unwrap()
    }

    /// Returns the ids in the table, in order; functions may have older copies.
    pub(crate) async fn published_kids(&self) -> Vec<String> {
        let set = self.published().await.value.jwk_set(self.now());
        set.keys
            .into_iter()
            .map(|jwk| jwk.common.key_id.unwrap())
            .collect()
    }
}

pub(crate) fn is_rejected(outcome: Result<Outcome, Error>, rule: &str) {
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains(rule), "{error}");
}
