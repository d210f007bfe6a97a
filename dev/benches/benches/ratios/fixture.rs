//! A deployment with the deployed cost of hashes and one user, which the binaries reach over plain HTTP or over TLS.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use serde_json::{Value, json};
use shared::passwords::HashCost;
use testing::deployment::{Deployment, ISSUER};
use testing::event::{self, Event};
use testing::forge::Forger;
use testing::rings::shared_ring;
use testing::runtime_api::Environment;
use testing::secrets_manager::{SECRET, SecretsManager};
use testing::tls::Tls;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) type Variables = BTreeMap<String, String>;

pub(crate) struct Fixture {
    pub(crate) deployment: Deployment,
    pub(crate) http: Variables,
    pub(crate) https: Variables,
    pub(crate) user: String,
    /// An access token of the user.
    pub(crate) token: String,
    /// Kept: it stops with this value.
    _secrets: SecretsManager,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        let deployment = Deployment::start().await;
        let deployment = deployment
            .with("ARGON2_MEMORY_KIB", "")
            .with("ARGON2_ITERATIONS", "");
        let user = deployment.user("johndoe", PASSWORD).await;
        let now = shared::clock::Clock::system().now().unix();
        let secrets = SecretsManager::start().await.unwrap();
        secrets.put(shared_ring());
        let (table, keys) = (deployment.endpoint(), secrets.endpoint());
        let tls = Tls::own();
        let bundle = deployment.folder().join("roots.pem");
        std::fs::write(&bundle, tls.authority()).unwrap();
        let variables = |table: &str, keys: &str, bundle: &str| {
            let mut variables = deployment.variables().clone();
            let own = [
                ("SIGNING_KEYS_FILE", ""),
                ("SIGNING_KEYS_SECRET", SECRET),
                ("AWS_CA_BUNDLE", bundle),
                ("AWS_ENDPOINT_URL_DYNAMODB", table),
                ("AWS_ENDPOINT_URL_SECRETS_MANAGER", keys),
                // The names of earlier builds.
                ("DYNAMODB_ENDPOINT", table),
                ("SECRETS_MANAGER_ENDPOINT", keys),
            ];
            variables.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
            variables
        };
        let (tls_table, tls_keys) = (tls.in_front_of(table).await, tls.in_front_of(keys).await);
        Self {
            http: variables(table, keys, ""),
            https: variables(&tls_table, &tls_keys, bundle.to_str().unwrap()),
            token: Forger::new(shared_ring(), ISSUER, &user, now).token(|_, _| {}),
            user,
            deployment,
            _secrets: secrets,
        }
    }

    pub(crate) fn cost(&self) -> HashCost {
        HashCost::read(&self.deployment.env()).unwrap()
    }

    /// Returns an event to which the function responds with success; `turn` makes names unique.
    pub(crate) fn event(&self, function: &str, turn: u32) -> Value {
        let event = match function {
            "token" => event::log_in("johndoe", PASSWORD),
            "register" => event::register(&json!({"username": format!("jane{turn}"), "password": PASSWORD})),
            "well-known" => Event::new("GET", well_known::JWKS_PATH),
            _ => event::me(&self.token),
        };
        event.value().clone()
    }

    /// Starts a function over plain HTTP.
    pub(crate) async fn environment(&self, binary: &Path) -> Environment {
        Environment::start(&[], binary, &self.http).await
    }
}

/// Returns a bare client of a deployment's engine.
pub(crate) fn client(deployment: &Deployment) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(deployment.endpoint());
    Client::from_conf(config.build())
}

/// Returns the folder of the release binaries.
pub(crate) fn binaries() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release")
}

/// Sends an event, whose response must be a success, and returns the time.
pub(crate) async fn succeeds(environment: &mut Environment, event: &Value) -> Duration {
    let (response, time) = environment.respond(event).await;
    let status = response["statusCode"].as_u64();
    assert!(matches!(status, Some(200 | 201)), "{event}: {response}");
    time
}
