//! API keys where they are made and where they are accepted: requests to the store, times, races, lost responses. The tests of the package
//! `local` show the HTTP contract of `/api-keys`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accepted;
mod made;
mod text;

use api_keys::ApiKeys;
use lambda_http::{Body, Request, Response};
use serde_json::{Value, json};
use shared::authenticate::authenticate;
use shared::clock::{Clock, Timestamp};
use shared::env::Env;
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use shared::http::{json as http_json, request};
use shared::scope::Scopes;
use shared::table::Table;
use shared::tokens::Verifier;
use shared::users::UserId;
use testing::clock::TestClock;
use testing::deployment::{Answer, Deployment, ISSUER, call};
use testing::event::Event;
use testing::fault_proxy::FaultProxy;
use testing::forge::Forger;
use testing::rings::shared_ring;
use testing::table::session;

const START: i64 = 1_800_000_000;
/// A ULID that no key has.
const UNKNOWN: &str = "01KAY2Z3M4N5P6Q7R8S9T0V1W2";
/// The caller's session.
const SESSION: &str = "01M8HZZZZZZZZZZZZZZZZZZZZZ";

/// A reader's own function: it accepts keys and tokens, and its routes ask for different things.
struct Protected {
    verifier: Verifier,
}

impl Function for Protected {
    const NAME: &'static str = "protected";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let table = Table::connect(env).await?;
        Ok(Self {
            verifier: Verifier::new(table, env, clock)?.with_api_keys(),
        })
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.verifier.prepare().await
    }
}

impl HttpFunction for Protected {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;

    fn openapi() -> utoipa::openapi::OpenApi {
        utoipa::openapi::OpenApi::default()
    }

    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let caller = authenticate(&self.verifier, &request).await?;
        match request::route(&request) {
            ("POST", ..) => caller.require("links:write")?,
            ("DELETE", ..) => caller.require_recent_authentication(self.verifier.now())?,
            _ => {}
        }
        http_json::response(&json!({"sub": caller.user.id, "scope": caller.scopes.claim()}))
    }
}

/// A user of one session behind a proxy, at a time that the test sets.
struct Fixture {
    deployment: Deployment,
    proxy: FaultProxy,
    time: TestClock,
    user: String,
    api_keys: ApiKeys,
    protected: Protected,
}

/// A new key as its response shows it.
struct Made {
    id: String,
    text: String,
}

impl Fixture {
    async fn new() -> Self {
        Self::at(START).await
    }

    async fn at(start: i64) -> Self {
        let time = TestClock::at(start);
        let deployment = Deployment::start().await.at(&time);
        let user = deployment.user_with_hash("johndoe", "hash").await;
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let deployment = deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
        let sessions = json!({"M": {SESSION: session('A', time.now(), 1_000_000)}});
        deployment.table().set(&user, "sessions", sessions).await;
        let (api_keys, protected) = (deployment.function().await, deployment.function().await);
        proxy.reset_counts();
        Self {
            deployment,
            proxy,
            time,
            user,
            api_keys,
            protected,
        }
    }

    fn token_of(&self, user: &str) -> String {
        Forger::new(shared_ring(), ISSUER, user, self.time.now().unix())
            .token(|_, claims| claims["sid"] = json!(SESSION))
    }

    /// Returns a token of the user and of the session with other claims.
    fn token_with(&self, change: impl FnOnce(&mut Value)) -> String {
        Forger::new(shared_ring(), ISSUER, &self.user, self.time.now().unix()).token(|_, claims| {
            claims["sid"] = json!(SESSION);
            change(claims);
        })
    }

    /// Sends a request of the user to the function `api-keys`.
    async fn send(&self, event: Event) -> Answer {
        call(&self.api_keys, event.bearer(&self.token_of(&self.user))).await
    }

    async fn make(&self, body: Value) -> Made {
        let answer = self.send(create(&body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let text = |member: &str| answer.body[member].as_str().unwrap().to_owned();
        Made {
            id: text("id"),
            text: text("key"),
        }
    }

    /// Uses a key as a bearer token at the reader's function.
    async fn use_key(&self, key: &str) -> Answer {
        call(&self.protected, protected("GET").bearer(key)).await
    }

    async fn listed(&self) -> Vec<Value> {
        let answer = self.send(list()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body.as_array().unwrap().clone()
    }

    async fn item(&self) -> Value {
        let table = self.deployment.table();
        table.item(&format!("api-keys#{}", self.user), "api-keys").await
    }

    async fn grant(&self, scopes: &[&str]) {
        let users = self.deployment.users().await;
        let scopes = Scopes::of(scopes.iter().copied()).unwrap();
        assert!(
            users
                .grant(&UserId::known(self.user.clone()), &scopes)
                .await
                .unwrap()
        );
    }

    /// Returns the operations at the store since the last call.
    fn operations(&self) -> Vec<String> {
        let operations = self.proxy.operations();
        self.proxy.reset_counts();
        operations
    }
}

fn create(body: &Value) -> Event {
    Event::new("POST", "/api-keys").json(body)
}

fn list() -> Event {
    Event::new("GET", "/api-keys")
}

fn end(id: &str) -> Event {
    Event::with_id("DELETE", "/api-keys/{id}", id)
}

fn protected(method: &str) -> Event {
    Event::new(method, "/protected")
}

fn at(seconds: i64) -> Value {
    json!(Timestamp::from_unix(START + seconds))
}
