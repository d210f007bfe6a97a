//! A deployment for one test: its table, its signing keys and the functions' variables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::edge::Edge;
use shared::env::Env;
use shared::function::{Function, HttpFunction};
use shared::http::client::Network;
use shared::lambda::{ready, respond};
use shared::passwords::{HashCost, Hasher, Password, StoredHash};
use shared::throttle::Budget;
use shared::users::{Attempt, Attempted, Credentials, Profile, Subject, User, UserId, Username, Users};
use tempfile::TempDir;

use crate::clock::TestClock;
use crate::event::Event;
use crate::own_table::OwnTable;
use crate::rings::{published, shared_ring};
use crate::table::Table;

/// The issuer of every test's tokens.
pub const ISSUER: &str = "https://auth.example.com";

/// The sender of mails, of tests in which mail is on.
pub const MAIL_FROM: &str = "no-reply@example.com";

/// The template's table on an engine, and what the functions need to run on it.
pub struct Deployment {
    users: OwnTable,
    folder: TempDir,
    clock: Clock,
    variables: BTreeMap<String, String>,
}

impl Deployment {
    /// Starts a deployment with one RS256 key, whose public side is published.
    pub async fn start() -> Self {
        let deployment = Self::without_keys().await;
        deployment.use_keys(shared_ring()).await;
        deployment
    }

    /// Starts a deployment without keys.
    pub async fn without_keys() -> Self {
        let users = OwnTable::make().await;
        let folder = tempfile::tempdir().unwrap();
        let keys_file = folder.path().join("signing-keys.json");
        let variables = [
            ("TABLE_NAME", users.table().name()),
            ("AWS_ENDPOINT_URL_DYNAMODB", users.endpoint()),
            ("ISSUER", ISSUER),
            ("SIGNING_KEYS_FILE", keys_file.to_str().unwrap()),
            // The least that is allowed, so that only tests of hashing wait for it.
            ("ARGON2_MEMORY_KIB", "7168"),
            ("ARGON2_ITERATIONS", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        Self {
            users,
            folder,
            clock: Clock::system(),
            variables,
        }
    }

    /// Writes the private keys and publishes their public side.
    pub async fn use_keys(&self, document: &str) {
        std::fs::write(self.keys_file(), document).unwrap();
        self.publish(&published(document)).await;
    }

    /// Publishes keys in place of those published before.
    pub async fn publish(&self, document: &str) {
        let item = json!({
            "pk": {"S": "keys"}, "sk": {"S": "published"}, "document": {"S": document}, "revision": {"N": "1"},
            "updated_at": {"S": self.clock.now().to_string()},
        });
        self.table().put(item).await;
    }

    /// Returns the path of the file of private keys, which need not exist yet.
    pub fn keys_file(&self) -> PathBuf {
        self.folder.path().join("signing-keys.json")
    }

    /// Returns a folder that is removed with the deployment.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sets a variable for the functions started from now on.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Gives the functions started from now on another clock.
    pub fn at(mut self, time: &TestClock) -> Self {
        self.clock = time.clock();
        self
    }

    /// Returns the engine's base URL.
    pub fn endpoint(&self) -> &str {
        self.users.endpoint()
    }

    /// Returns the functions' variables.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Reads the variables, as a function does.
    pub fn env(&self) -> Env<'_> {
        Env::new(|name| self.variables.get(name).cloned())
    }

    /// Returns the store of users, past any proxy.
    pub async fn users(&self) -> Users {
        let env = Env::new(|name| match name {
            "AWS_ENDPOINT_URL_DYNAMODB" => Some(self.users.endpoint().to_owned()),
            name => self.variables.get(name).cloned(),
        });
        Users::new(shared::table::Table::connect(&env).await.unwrap())
    }

    /// Starts a function, as a cold start does.
    pub async fn function<F: Function>(&self) -> F {
        ready(&self.env(), &self.clock).await.unwrap()
    }

    /// Returns the error message of a function that must not start.
    pub async fn start_error<F: Function>(&self) -> String {
        let started: Result<F, _> = ready(&self.env(), &self.clock).await;
        started.map(|_| ()).unwrap_err().to_string()
    }

    /// Returns the table, past any proxy and the store.
    pub fn table(&self) -> Table {
        self.users.table().clone()
    }

    /// Counts an attempt to log in as a user, as the functions do before they verify a password.
    pub async fn counted(&self, id: &str) -> (Credentials, Attempt) {
        let subject = Subject::User(UserId::known(id.to_owned()));
        let budget = Budget::new(Network::of(None), None);
        let users = self.users().await;
        let attempted = users.attempt(&subject, &budget, None, self.clock.millis()).await;
        let Ok(Some(Attempted::Counted(attempt))) = attempted else {
            panic!("it is not counted");
        };
        (attempt.user.as_ref().unwrap().credentials().unwrap(), *attempt)
    }

    /// Registers a user past the function, with a hash of the configured cost, and returns the id.
    pub async fn user(&self, username: &str, password: &str) -> String {
        let hasher = Hasher::new(HashCost::read(&self.env()).unwrap());
        let password = Password::attempt(password.to_owned()).unwrap();
        let hash = hasher.hash(Arc::new(password)).await.unwrap();
        self.user_with_hash(username, hash.as_str()).await
    }

    /// Registers a user with a stored hash and returns the id.
    pub async fn user_with_hash(&self, username: &str, hash: &str) -> String {
        let now = self.clock.now();
        let id = shared::random::ulid(now).unwrap();
        let user = User {
            id: UserId::known(id.clone()),
            profile: Profile {
                username: Some(Username::parse(username).unwrap()),
                ..Profile::default()
            },
            email_verified: false,
            claim: None,
            former: Vec::new(),
            disabled: false,
            created_at: now,
            updated_at: now,
        };
        let hash = StoredHash::from_store(hash.to_owned());
        self.users()
            .await
            .register(&user, &hash, None, &[])
            .await
            .unwrap();
        id
    }
}

/// A response with its body read as JSON, or as a text where it is none.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: lambda_http::http::HeaderMap,
    /// The body; `null` where it is empty.
    pub body: Value,
}

impl Answer {
    /// Returns a header's value, empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Calls a function as every caller does, and reads the response.
pub async fn call<F: HttpFunction>(function: &F, event: Event) -> Answer {
    let response = respond(function, &Edge::default(), event.value(), "").await;
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: if body.is_empty() {
            Value::Null
        } else {
            let text = || Value::from(String::from_utf8_lossy(&body));
            serde_json::from_slice(&body).unwrap_or_else(|_| text())
        },
    }
}
