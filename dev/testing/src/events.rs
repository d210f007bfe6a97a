//! The sample events of `events/` with the answers that `events/expected.json` says they get, in an order that works on an
//! empty table.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

/// What stands in an event for the access token of the last log-in.
const PLACEHOLDER: &str = "{{access_token}}";

/// The files that say which answers the events get.
const LISTS: [&str; 2] = ["expected.json", "rotation.json"];

/// An event and its answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The file's name.
    pub event: String,
    /// The function that gets it.
    pub function: String,
    /// The answer's status.
    pub status: u16,
    /// Members that the answer's body has, among others.
    #[serde(default = "nothing")]
    pub body: Value,
    /// Headers that the answer has, among others.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

/// All cases, in order.
///
/// # Panics
///
/// If `events/` cannot be read.
#[must_use]
pub fn cases() -> Vec<Case> {
    serde_json::from_str(&read("expected.json")).unwrap()
}

/// The names of the event files.
///
/// # Panics
///
/// If `events/` cannot be read.
#[must_use]
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

/// Runs cases one after the other, handing on the access token of the last log-in.
#[derive(Debug, Default)]
pub struct Walk {
    access_token: Option<String>,
}

impl Walk {
    /// The event of a case, with the token in its place.
    ///
    /// # Panics
    ///
    /// If the file cannot be read.
    #[must_use]
    pub fn event(&self, case: &Case) -> String {
        let text = read(&case.event);
        match &self.access_token {
            Some(token) => text.replace(PLACEHOLDER, token),
            None => text,
        }
    }

    /// Holds an answer in API Gateway's format against the case.
    ///
    /// # Errors
    ///
    /// What differs.
    pub fn check(&mut self, case: &Case, answer: &Value) -> Result<(), String> {
        let differs = |what: &str| Err(format!("{}: {what}: {answer}", case.event));
        if answer["statusCode"] != case.status {
            return differs(&format!("the status is not {}", case.status));
        }
        for (name, value) in &case.headers {
            if answer["headers"][name] != *value {
                return differs(&format!("the header {name} is not {value}"));
            }
        }
        let body: Value =
            serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or_else(|_| nothing());
        if !contains(&body, &case.body) {
            return differs(&format!("the body has not {}", case.body));
        }
        if let Some(token) = body["access_token"].as_str() {
            self.access_token = Some(token.to_owned());
        }
        Ok(())
    }
}

/// Whether `whole` has all that `part` says: an object's members, an array's elements one by one, anything else as it is.
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
