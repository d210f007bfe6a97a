//! A small Secrets Manager for one secret: the four calls that the key ring makes and the one by which an operator rotates, with AWS's rules for versions and stages, and
//! with failures where a test wants them.
//!
//! `.ci/deployed` runs the same rotation against an independent emulator.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The secret's name.
pub const SECRET: &str = "signing-keys";

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It is refused and has no effect.
    Before,
    /// It is carried out, and the response is an error.
    After,
}

/// The service on 127.0.0.1. It stops when this value is dropped.
#[derive(Debug)]
pub struct SecretsManager {
    endpoint: String,
    state: Arc<Mutex<Secret>>,
    server: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Secret {
    versions: BTreeMap<String, Version>,
    made: u64,
    calls: Vec<String>,
    script: VecDeque<Option<Failure>>,
    unavailable: bool,
    meanwhile: Option<(String, String)>,
    changed_at: Option<i64>,
}

#[derive(Debug, Default)]
struct Version {
    value: Option<String>,
    stages: BTreeSet<String>,
}

impl SecretsManager {
    /// Starts the service with the secret as the template creates it: `{"keys":[]}`.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Mutex::new(Secret::default()));
        let router = Router::new()
            .route("/", post(call))
            .with_state(Arc::clone(&state));
        let server = tokio::spawn(async move {
            // It returns only when its task is aborted.
            let _ended = axum::serve(listener, router).await;
        });
        let service = Self {
            endpoint,
            state,
            server,
        };
        service.put("{\"keys\":[]}");
        Ok(service)
    }

    /// Returns the service's base URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Makes `value` current, as an operator would.
    pub fn put(&self, value: &str) {
        let mut secret = self.lock();
        let version = secret.fresh_version();
        secret.put(&version, value, &["AWSCURRENT".to_owned()]);
    }

    /// Begins a rotation as AWS does, with an empty version of the stage `AWSPENDING` unless one exists, and returns its token.
    pub fn begin_rotation(&self) -> String {
        self.lock().begin_rotation()
    }

    /// Sets the value of a pending version, as AWS does where a rotation is only tested.
    pub fn put_pending(&self, version: &str, value: &str) {
        self.lock().put(version, value, &["AWSPENDING".to_owned()]);
    }

    /// Deletes every version.
    pub fn clear(&self) {
        self.lock().versions.clear();
    }

    /// Returns the current value, if there is one.
    pub fn current(&self) -> Option<String> {
        let secret = self.lock();
        let current = secret.with_stage("AWSCURRENT")?;
        secret.versions[&current].value.clone()
    }

    /// Returns the value of a version, if it has one.
    pub fn value(&self, version: &str) -> Option<String> {
        self.lock().versions.get(version)?.value.clone()
    }

    /// Returns the stages of a version.
    pub fn stages(&self, version: &str) -> Vec<String> {
        let secret = self.lock();
        let stages = secret
            .versions
            .get(version)
            .map(|version| version.stages.iter().cloned());
        stages.into_iter().flatten().collect()
    }

    /// Sets whether and how each of the next calls fails. Later ones succeed.
    pub fn script(&self, failures: impl IntoIterator<Item = Option<Failure>>) {
        self.lock().script = failures.into_iter().collect();
    }

    /// Makes `value` current right before the next call of this name, as a concurrent caller would.
    pub fn meanwhile(&self, name: &str, value: &str) {
        self.lock().meanwhile = Some((name.to_owned(), value.to_owned()));
    }

    /// Moves the stage `AWSCURRENT` back to the version before, as an operator might.
    pub fn roll_back(&self) {
        let mut secret = self.lock();
        let previous = secret.with_stage("AWSPREVIOUS").unwrap();
        secret.attach("AWSCURRENT", &previous);
    }

    /// Sets whether every call is refused.
    pub fn set_away(&self, unavailable: bool) {
        self.lock().unavailable = unavailable;
    }

    /// Sets when the secret was last changed, in seconds since 1970.
    pub fn set_changed_at(&self, time: i64) {
        self.lock().changed_at = Some(time);
    }

    /// Returns the number of calls of a name, such as `GetSecretValue`.
    pub fn count(&self, name: &str) -> usize {
        self.lock().calls.iter().filter(|call| *call == name).count()
    }

    /// Only a test that fails anyway panics under this lock.
    fn lock(&self) -> MutexGuard<'_, Secret> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SecretsManager {
    fn drop(&mut self) {
        self.server.abort();
    }
}

type Outcome = Result<Value, (&'static str, String)>;

async fn call(State(state): State<Arc<Mutex<Secret>>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").map(|target| target.to_str().unwrap());
    let name = target.unwrap_or_default().trim_start_matches("secretsmanager.");
    let input: Value = serde_json::from_slice(&body).unwrap();
    let mut secret = state.lock().unwrap_or_else(PoisonError::into_inner);
    secret.calls.push(name.to_owned());
    if let Some((_, value)) = secret.meanwhile.take_if(|(call, _)| call == name) {
        let version = secret.fresh_version();
        secret.put(&version, &value, &["AWSCURRENT".to_owned()]);
    }
    let failure = secret.script.pop_front().flatten();
    let refused = || Err(("AccessDeniedException", "as the test wants it".to_owned()));
    let outcome = if secret.unavailable || failure == Some(Failure::Before) {
        refused()
    } else {
        let outcome = secret.call(name, &input);
        if failure == Some(Failure::After) {
            refused()
        } else {
            outcome
        }
    };
    let (status, body) = match outcome {
        Ok(body) => (StatusCode::OK, body),
        // A 400 of a kind that the SDK does not retry.
        Err((kind, message)) => (
            StatusCode::BAD_REQUEST,
            json!({"__type": kind, "Message": message}),
        ),
    };
    let content_type = [(header::CONTENT_TYPE, "application/x-amz-json-1.1")];
    (status, content_type, body.to_string()).into_response()
}

impl Secret {
    fn call(&mut self, name: &str, input: &Value) -> Outcome {
        let text = |member: &str| input[member].as_str().map(str::to_owned);
        assert_eq!(text("SecretId").as_deref(), Some(SECRET));
        match name {
            "DescribeSecret" => {
                let stages: BTreeMap<_, _> = self
                    .versions
                    .iter()
                    .filter(|(_, version)| !version.stages.is_empty())
                    .collect();
                let stages: BTreeMap<_, _> = stages
                    .into_iter()
                    .map(|(id, version)| (id, &version.stages))
                    .collect();
                Ok(json!({
                    "Name": SECRET,
                    "RotationEnabled": true,
                    "VersionIdsToStages": stages,
                    "LastChangedDate": self.changed_at,
                }))
            }
            "RotateSecret" => Ok(json!({"Name": SECRET, "VersionId": self.begin_rotation()})),
            "GetSecretValue" => {
                let stage = text("VersionStage");
                let stage_or_current = stage.clone().unwrap_or_else(|| "AWSCURRENT".to_owned());
                let id = text("VersionId").or_else(|| self.with_stage(&stage_or_current));
                let found = id.and_then(|id| self.versions.get(&id).map(|version| (id, version)));
                let (id, version) = found.ok_or_else(|| not_found("version"))?;
                if stage.is_some_and(|stage| !version.stages.contains(&stage)) {
                    return Err(not_found("version with this stage"));
                }
                let value = version.value.as_ref().ok_or_else(|| not_found("value"))?;
                Ok(json!({"Name": SECRET, "VersionId": id, "SecretString": value}))
            }
            "PutSecretValue" => {
                let id = text("ClientRequestToken").unwrap();
                let value = text("SecretString").unwrap();
                let stages: Vec<String> = match input["VersionStages"].as_array() {
                    Some(stages) => stages
                        .iter()
                        .map(|stage| stage.as_str().unwrap().to_owned())
                        .collect(),
                    None => vec!["AWSCURRENT".to_owned()],
                };
                let known = self.versions.get(&id).and_then(|version| version.value.as_ref());
                if known.is_some_and(|known| *known != value) {
                    return Err((
                        "ResourceExistsException",
                        "the version has another value".to_owned(),
                    ));
                }
                self.put(&id, &value, &stages);
                Ok(json!({"Name": SECRET, "VersionId": id}))
            }
            "UpdateSecretVersionStage" => {
                let stage = text("VersionStage").unwrap();
                let holder = self.with_stage(&stage);
                let is_right = match text("RemoveFromVersionId") {
                    Some(from) => holder == Some(from),
                    None => holder.is_none() || holder == text("MoveToVersionId"),
                };
                if !is_right {
                    let message =
                        format!("the stage {stage} is not attached to the version to remove it from");
                    return Err(("InvalidParameterException", message));
                }
                match text("MoveToVersionId") {
                    Some(id) if !self.versions.contains_key(&id) => return Err(not_found("version")),
                    Some(id) => self.attach(&stage, &id),
                    None => self.detach(&stage),
                }
                Ok(json!({"Name": SECRET}))
            }
            other => unreachable!("{other} is not one of the five calls"),
        }
    }

    fn begin_rotation(&mut self) -> String {
        if let Some(pending) = self.with_stage("AWSPENDING")
            && !self.has_stage(&pending, "AWSCURRENT")
        {
            return pending;
        }
        let version = self.fresh_version();
        self.versions.insert(version.clone(), Version::default());
        self.attach("AWSPENDING", &version);
        version
    }

    fn fresh_version(&mut self) -> String {
        self.made += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.made)
    }

    fn put(&mut self, id: &str, value: &str, stages: &[String]) {
        self.versions.entry(id.to_owned()).or_default().value = Some(value.to_owned());
        for stage in stages {
            self.attach(stage, id);
        }
    }

    fn attach(&mut self, stage: &str, id: &str) {
        if stage == "AWSCURRENT"
            && let Some(previous) = self.with_stage(stage).filter(|previous| previous != id)
        {
            self.attach("AWSPREVIOUS", &previous);
        }
        self.detach(stage);
        self.versions.get_mut(id).unwrap().stages.insert(stage.to_owned());
    }

    fn detach(&mut self, stage: &str) {
        for version in self.versions.values_mut() {
            version.stages.remove(stage);
        }
    }

    fn with_stage(&self, stage: &str) -> Option<String> {
        self.versions
            .iter()
            .find(|(_, version)| version.stages.contains(stage))
            .map(|(id, _)| id.clone())
    }

    fn has_stage(&self, id: &str, stage: &str) -> bool {
        self.versions
            .get(id)
            .is_some_and(|version| version.stages.contains(stage))
    }
}

fn not_found(what: &str) -> (&'static str, String) {
    ("ResourceNotFoundException", format!("there is no such {what}"))
}
