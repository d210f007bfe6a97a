//! The sample events of a rotation with their expected results, from `events/rotation.json`, in an order that works on an empty
//! table and a secret without keys.

use serde_json::Value;
use shared::keys::Ring;

use crate::events::{Invocation, invocations, read};
use crate::secrets_manager::SecretsManager;

/// Stands in an event for the token of the rotation.
const TOKEN: &str = "{{client_request_token}}";
/// Stands in an event for the id of the key that signs.
const KID: &str = "{{kid}}";

/// Returns all cases, in order.
pub fn cases() -> Vec<Invocation> {
    invocations("rotation.json")
}

/// Runs cases one after the other in one rotation.
#[derive(Debug)]
pub struct Walk<'a> {
    secrets: &'a SecretsManager,
    token: String,
    /// The keys before the last event.
    before: Vec<String>,
}

impl<'a> Walk<'a> {
    /// Begins a rotation, as Secrets Manager does.
    pub fn begin(secrets: &'a SecretsManager) -> Self {
        Self {
            secrets,
            token: secrets.begin_rotation(),
            before: Vec::new(),
        }
    }

    /// Returns the event of a case, with token and key in their places.
    pub fn event(&mut self, case: &Invocation) -> Value {
        self.before = self.kids();
        let kid = self.before.first().cloned().unwrap_or_default();
        let text = read(&case.event).replace(TOKEN, &self.token).replace(KID, &kid);
        serde_json::from_str(&text).unwrap()
    }

    /// Compares a result with the case, and the secret with what the event may change: only the last step and the emergency
    /// change the keys in use. The error says what differs.
    pub fn check(&self, case: &Invocation, result: &Value) -> Result<(), String> {
        let differs = |what: &str| Err(format!("{}: {what}: {result}", case.event));
        if *result != case.result {
            return differs(&format!("the result is not {}", case.result));
        }
        let kids = self.kids();
        match case.event.as_str() {
            "rotate-keys-finish-secret.json" if kids.is_empty() => differs("no key is in use"),
            "rotate-keys-compromised.json" if kids.is_empty() || kids.contains(&self.before[0]) => {
                differs("the key is not replaced")
            }
            "rotate-keys-finish-secret.json" | "rotate-keys-compromised.json" => Ok(()),
            _ if kids != self.before => differs("the keys in use changed"),
            _ => Ok(()),
        }
    }

    /// Returns the ids of the keys in use, oldest first.
    fn kids(&self) -> Vec<String> {
        let ring = Ring::parse(&self.secrets.current().unwrap()).unwrap();
        ring.keys
            .iter()
            .map(|ring_key| ring_key.key.kid().to_owned())
            .collect()
    }
}
