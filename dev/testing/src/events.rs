//! The sample events of `events/` with their expected responses, from `events/expected.json`, in an order that works on an empty
//! table.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

/// Stands in an event for the access token of the last log-in.
const PLACEHOLDER: &str = "{{access_token}}";

/// The files of expected responses and results.
const LISTS: [&str; 3] = ["authorizations.json", "expected.json", "rotation.json"];

/// An event and its expected response.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The name of the event's file.
    pub event: String,
    /// The function that gets it.
    pub function: String,
    /// The status.
    pub status: u16,
    /// Members of the body, which may have others.
    #[serde(default = "nothing")]
    pub body: Value,
    /// Headers of the response, which may have others.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// An event that is no request to a route, and its expected result.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invocation {
    /// The name of the event's file.
    pub event: String,
    /// The result, or for an authorizer members of it, which may have others.
    pub result: Value,
}

/// Returns the invocations of the authorizer.
pub fn authorizations() -> Vec<Invocation> {
    invocations("authorizations.json")
}

pub(crate) fn invocations(list: &str) -> Vec<Invocation> {
    serde_json::from_str(&read(list)).unwrap()
}

fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Returns all cases, in order.
pub fn cases() -> Vec<Case> {
    serde_json::from_str(&read("expected.json")).unwrap()
}

/// Returns the names of the event files, sorted.
pub fn files() -> Vec<String> {
    let mut files: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json") && !LISTS.contains(&name.as_str()))
        .collect();
    files.sort();
    files
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

pub(crate) fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

/// Runs cases one after the other and hands on the access token of the last log-in.
#[derive(Debug, Default)]
pub struct Walk {
    access_token: Option<String>,
}

impl Walk {
    /// Begins after a log-in.
    pub fn logged_in(access_token: String) -> Self {
        Self {
            access_token: Some(access_token),
        }
    }

    /// Returns an event, with the token in its place.
    pub fn event(&self, name: &str) -> String {
        let text = read(name);
        match &self.access_token {
            Some(token) => text.replace(PLACEHOLDER, token),
            None => text,
        }
    }

    /// Compares an authorizer's result with what is expected; the error says what differs.
    pub fn check_result(&self, expected: &Invocation, result: &Value) -> Result<(), String> {
        if contains(result, &expected.result) {
            Ok(())
        } else {
            Err(format!("{}: {result}", expected.event))
        }
    }

    /// Compares a response in API Gateway's format with the case; the error says what differs.
    pub fn check(&mut self, case: &Case, response: &Value) -> Result<(), String> {
        let differs = |what: &str| Err(format!("{}: {what}: {response}", case.event));
        if response["statusCode"] != case.status {
            return differs(&format!("the status is not {}", case.status));
        }
        for (name, value) in &case.headers {
            if response["headers"][name] != *value {
                return differs(&format!("the header {name} is not {value}"));
            }
        }
        let body: Value =
            serde_json::from_str(response["body"].as_str().unwrap_or_default()).unwrap_or_else(|_| nothing());
        if !contains(&body, &case.body) {
            return differs(&format!("the body does not contain {}", case.body));
        }
        if let Some(token) = body["access_token"].as_str() {
            self.access_token = Some(token.to_owned());
        }
        Ok(())
    }
}

/// Returns whether `whole` contains `part`: an object's members, an array's elements one by one, any other value as it is.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(name, part)| whole.get(name).is_some_and(|whole| contains(whole, part))),
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| contains(whole, part))
        }
        _ => whole == part,
    }
}
