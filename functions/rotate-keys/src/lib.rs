//! The rotation of the signing keys: the steps that Secrets Manager calls, and the emergency that an operator calls.
//!
//! No HTTP request reaches this function, and it alone writes keys. An error is a failed invocation on purpose: Secrets Manager
//! and the operator must see it.

use serde::{Deserialize, Serialize};
use shared::clock::Clock;
use shared::env::Env;
use shared::error::Error;
use shared::events;
use shared::function::{Function, StartError};
use shared::keys::{RingStore, Rotation};
use shared::logging;

mod steps;

use steps::Step;

/// The function `rotate-keys`: the private keys and the published keys.
pub struct RotateKeys {
    rotation: Rotation,
}

impl Function for RotateKeys {
    const NAME: &'static str = "rotate-keys";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        logging::name_service(env)?;
        Ok(Self {
            rotation: Rotation::connect(env, clock).await?,
        })
    }
}

impl RotateKeys {
    /// Carries out an event.
    ///
    /// # Errors
    ///
    /// The reason why it failed; the event can be repeated.
    pub async fn handle(&self, event: Event) -> Result<Outcome, Error> {
        let command = event.read()?;
        let RingStore::Secret(secret) = &self.rotation.ring else {
            return Err(Error::internal(
                "the rotation",
                "the ring is in a file and not in a secret",
            ));
        };
        match command {
            Command::Step {
                step,
                secret: id,
                version,
            } => {
                steps::run(&self.rotation, &secret.named(id), step, &version)
                    .await
                    .inspect_err(|error| tracing::error!(?step, %error, "the step failed"))?;
                tracing::info!(?step, "done");
                Ok(Outcome {
                    done: "the step".to_owned(),
                })
            }
            Command::Compromised(kid) => {
                self.rotation
                    .drop_compromised(&kid)
                    .await
                    .inspect_err(|error| tracing::error!(kid, %error, "a key could not be dropped"))?;
                events::Event::KeyDropped { kid: &kid }.log();
                let lead = self.rotation.lifecycle.lead;
                Ok(Outcome {
                    done: format!(
                        "the key is dropped; the stack's functions follow within {} s, other verifiers as their caches expire, \
                         within {} s",
                        lead.copy_seconds(),
                        lead.seconds
                    ),
                })
            }
        }
    }
}

/// An event: a step of a rotation (`{"Step", "SecretId", "ClientRequestToken"}`, as Secrets Manager sends it), or
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

/// What was done, for the log of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// A message.
    pub done: String,
}

enum Command {
    Step {
        step: Step,
        secret: String,
        version: String,
    },
    Compromised(String),
}

impl Event {
    fn read(self) -> Result<Command, Error> {
        match (
            self.step,
            self.secret_id,
            self.client_request_token,
            self.compromised,
        ) {
            (None, None, None, Some(kid)) => Ok(Command::Compromised(kid)),
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
                Ok(Command::Step {
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
