//! The rotation of the signing keys: what Secrets Manager calls step by step, and the emergency that an operator calls.
//!
//! It is the one function that no HTTP request reaches, and the one that writes keys. An error is a failed invocation on
//! purpose: Secrets Manager and the operator must see it.

use aws_sdk_secretsmanager::Client;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::config::{Need, RingPlace};
use shared::error::Error;
use shared::secrets;

mod compromised;
pub mod policy;
pub mod publication;
mod secret;
mod steps;

use secret::Secret;
use steps::Step;

/// The name of the crate, the binary and the function.
pub const NAME: &str = "rotate-keys";

/// What it is given of the configuration.
pub const NEEDS: &[Need] = &[
    Need::Store,
    Need::TokenLife,
    Need::Ring,
    Need::Lead,
    Need::Rotation,
];

/// An event: a step of a rotation (`{"Step", "SecretId", "ClientRequestToken"}`, as Secrets Manager sends it, or
/// `{"compromised": "<kid>"}`, where `*` stands for every key.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    #[serde(rename = "Step")]
    step: Option<String>,
    #[serde(rename = "SecretId")]
    secret_id: Option<String>,
    #[serde(rename = "ClientRequestToken")]
    client_request_token: Option<String>,
    compromised: Option<String>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// In words.
    pub done: &'static str,
}

enum Order {
    Step {
        step: Step,
        secret: String,
        version: String,
    },
    Compromised(String),
}

impl Event {
    fn read(self) -> Result<Order, Error> {
        match (
            self.step,
            self.secret_id,
            self.client_request_token,
            self.compromised,
        ) {
            (None, None, None, Some(kid)) => Ok(Order::Compromised(kid)),
            (Some(step), Some(secret), Some(version), None) => {
                let step = match step.as_str() {
                    "createSecret" => Step::Create,
                    "setSecret" => Step::Set,
                    "testSecret" => Step::Test,
                    "finishSecret" => Step::Finish,
                    _ => {
                        return Err(unreadable(
                            "Step must be createSecret, setSecret, testSecret or finishSecret",
                        ));
                    }
                };
                Ok(Order::Step {
                    step,
                    secret,
                    version,
                })
            }
            _ => Err(unreadable(
                "it must have either Step, SecretId and ClientRequestToken, or compromised",
            )),
        }
    }
}

fn unreadable(rule: &'static str) -> Error {
    Error::internal("the event", rule)
}

/// What an environment keeps between its invocations.
#[derive(Clone)]
pub struct Rotation {
    app: App,
    client: Client,
}

impl Rotation {
    /// Builds the client; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where it cannot be built.
    pub async fn new(app: App) -> Result<Self, Error> {
        let client = secrets::connect(app.ring_config()?.endpoint.as_ref()).await?;
        Ok(Self { app, client })
    }

    /// Does what an event says.
    ///
    /// # Errors
    ///
    /// Why it could not be done; it can be tried again.
    pub async fn handle(&self, event: Event) -> Result<Outcome, Error> {
        match event.read()? {
            Order::Step {
                step,
                secret,
                version,
            } => {
                steps::run(&self.app, &Secret::new(&self.client, &secret), step, &version)
                    .await
                    .inspect_err(|error| tracing::error!(?step, ?error, "the step failed"))?;
                tracing::info!(?step, "done");
                Ok(Outcome { done: "the step" })
            }
            Order::Compromised(kid) => {
                let RingPlace::Secret(id) = &self.app.ring_config()?.place else {
                    return Err(Error::internal(
                        "the emergency",
                        "the ring is in a file and not in a secret",
                    ));
                };
                compromised::drop_keys(&self.app, &Secret::new(&self.client, id), &kid)
                    .await
                    .inspect_err(|error| tracing::error!(kid, ?error, "a key could not be dropped"))?;
                tracing::warn!(kid, "a compromised key was dropped");
                Ok(Outcome {
                    done: "the key is dropped; verifiers follow as their caches end",
                })
            }
        }
    }
}
