//! A running service: one for each test, on free ports and in memory or on the engine that `AWS_ENDPOINT_URL_DYNAMODB` names; or the
//! deployed stack that `LATCHKEY_URL` names, which all tests share.

use std::net::Ipv4Addr;

use futures_util::{StreamExt, stream};
use local::{Data, Dynamodb, Limits, Options, Service};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use shared::clients::{Clients, GrantType};
use shared::clock::Clock;
use shared::env::Env;
use shared::env::process_variable;
use shared::label::Label;
use shared::scope::Scopes;
use shared::users::{UserId, Users};
use testing::deployment::MAIL_FROM;
use testing::fault_proxy::FaultProxy;
use testing::forge::Forger;
use testing::own_table::OwnTable;
use testing::table::Table;
use tokio::sync::{MutexGuard, oneshot};

use crate::deployed::Deployed;

/// A password that the rule accepts.
pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Running {
    pub(crate) url: String,
    /// The service's name in tokens and metadata: its URL, except for a deployed stack with its own issuer.
    pub(crate) issuer: String,
    pub(crate) table: Table,
    /// Kept: an embedded engine stops with it.
    _users: Option<OwnTable>,
    /// Kept: while it is there, no other test has the deployed stack.
    _turn: Option<MutexGuard<'static, ()>>,
    keys: String,
    pub(crate) client: Client,
    stop: Option<oneshot::Sender<()>>,
}

impl Running {
    pub(crate) async fn start() -> Self {
        if Deployed::is_named() {
            return Self::on(Deployed::emptied().await);
        }
        let users = OwnTable::make().await;
        let endpoint = users.endpoint().to_owned();
        Self::start_on(&[], Limits::default(), users, endpoint).await
    }

    /// Starts a service that waits for clients no longer than this.
    pub(crate) async fn start_within(limits: Limits) -> Self {
        needs_its_own_service("sets limits");
        let users = OwnTable::make().await;
        let endpoint = users.endpoint().to_owned();
        Self::start_on(&[], limits, users, endpoint).await
    }

    /// Starts a service with variables that override the template's defaults.
    pub(crate) async fn start_with(variables: &[(&str, &str)]) -> Self {
        let names: Vec<&str> = variables.iter().map(|(name, _)| *name).collect();
        needs_its_own_service(&format!("sets {}", names.join(" and ")));
        let users = OwnTable::make().await;
        let endpoint = users.endpoint().to_owned();
        Self::start_on(variables, Limits::default(), users, endpoint).await
    }

    /// Starts a service whose store is behind a proxy that can fail.
    pub(crate) async fn start_behind_proxy() -> (Self, FaultProxy) {
        needs_its_own_service("puts a proxy before the store");
        let users = OwnTable::make().await;
        let proxy = FaultProxy::start(users.endpoint()).await.unwrap();
        let running = Self::start_on(&[], Limits::default(), users, proxy.endpoint().to_owned()).await;
        (running, proxy)
    }

    fn on(stack: Deployed) -> Self {
        Self {
            url: stack.url,
            issuer: stack.issuer,
            table: stack.table,
            _users: None,
            _turn: Some(stack.turn),
            keys: stack.keys,
            client: stack.client,
            stop: None,
        }
    }

    async fn start_on(variables: &[(&str, &str)], limits: Limits, users: OwnTable, endpoint: String) -> Self {
        let table = users.table().clone();
        let options = Options {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            dynamodb_port: 0,
            data: Data::InMemory,
            dynamodb: Some(Dynamodb {
                endpoint,
                table_name: table.name().to_owned(),
            }),
            example: None,
            limits,
        };
        // The least that is allowed, limits that the tests of one address do not reach, and mail: these tests are about HTTP.
        let cheap = [
            ("MAIL_FROM", MAIL_FROM),
            ("ARGON2_MEMORY_KIB", "7168"),
            ("ARGON2_ITERATIONS", "1"),
            ("NETWORK_FAILED_LOG_INS", "100000"),
            ("NETWORK_REGISTRATIONS", "100000"),
        ];
        let lookup = |name: &str| {
            variables
                .iter()
                .chain(&cheap)
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let service = Service::start(options, lookup, Clock::system()).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = Self {
            url: service.url(),
            issuer: service.url(),
            table,
            _users: Some(users),
            _turn: None,
            keys: std::fs::read_to_string(service.keys_file()).unwrap(),
            client: Client::new(),
            stop: Some(stop),
        };
        tokio::spawn(service.run(async {
            let _ = stopped.await;
        }));
        running
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn form(&self, body: &str) -> Response {
        self.form_bytes(body.as_bytes()).await
    }

    pub(crate) async fn form_bytes(&self, body: &[u8]) -> Response {
        let request = self
            .request("POST", "/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_vec());
        Response::of(request).await
    }

    pub(crate) async fn register(&self, body: Value) -> Response {
        Response::of(self.request("POST", "/register").json(&body)).await
    }

    /// Registers a user of this name and returns the id.
    pub(crate) async fn user(&self, username: &str) -> String {
        let response = self
            .register(json!({"username": username, "password": PASSWORD}))
            .await;
        assert_eq!(response.status, 201, "{response:?}");
        response.body["id"].as_str().unwrap().to_owned()
    }

    /// Returns the table as the stores use it.
    async fn store(&self) -> shared::table::Table {
        let env = Env::new(|variable| match variable {
            "TABLE_NAME" => Some(self.table.name().to_owned()),
            "AWS_ENDPOINT_URL_DYNAMODB" => Some(self.table.endpoint().to_owned()),
            _ => None,
        });
        shared::table::Table::connect(&env).await.unwrap()
    }

    /// Sets whether a user is disabled, as an operator does.
    pub(crate) async fn set_disabled(&self, id: &str, disabled: bool) {
        let (users, id) = (Users::new(self.store().await), UserId::known(id.to_owned()));
        let now = Clock::system().now();
        assert!(users.set_disabled(&id, disabled, now).await.unwrap());
    }

    /// Registers a client, and returns its id and its secret.
    pub(crate) async fn confidential_client(&self) -> (String, String) {
        let clients = Clients::new(self.store().await);
        let grants = [GrantType::ClientCredentials].into();
        let now = Clock::system().now();
        let label = Label::parse("A service".to_owned()).unwrap();
        let (client, secret) =
            shared::clients::Client::new(label, false, grants, Scopes::default(), now).unwrap();
        clients.create(&client).await.unwrap();
        (client.id, secret.unwrap().as_str().to_owned())
    }

    pub(crate) async fn log_in(&self, username: &str, password: &str) -> Response {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("username", username)
            .append_pair("password", password)
            .finish();
        self.form(&body).await
    }

    /// Registers a user of this name and returns an access token.
    pub(crate) async fn token(&self, username: &str) -> String {
        self.user(username).await;
        self.log_in(username, PASSWORD).await.body["access_token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) async fn me(&self, authorization: &str) -> Response {
        Response::of(
            self.request("GET", "/users/me")
                .header("authorization", authorization),
        )
        .await
    }

    /// Returns a maker of tokens of `user`, as the service issues them and forged.
    pub(crate) fn forger(&self, user: &str) -> Forger {
        Forger::new(&self.keys, &self.issuer, user, Clock::system().now().unix())
    }
}

/// Returns the outputs of requests that are sent at once. An engine of another process gets as many at a time as API Gateway's burst
/// for a registration lets through: an emulator that is slower than the SDK waits is rightly a 503.
pub(crate) async fn at_once<T>(requests: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let at_a_time = if process_variable("AWS_ENDPOINT_URL_DYNAMODB").is_some() {
        10
    } else {
        usize::MAX
    };
    stream::iter(requests).buffered(at_a_time).collect().await
}

/// Fails a test that would show nothing of the deployed stack. A run there leaves it out by name.
fn needs_its_own_service(why: &str) {
    assert!(
        !Deployed::is_named(),
        "this test {why}, which the stack of LATCHKEY_URL cannot have: leave it out with --skip"
    );
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// A response, its body read as JSON.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Response {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        Self::read(request.send().await.unwrap()).await
    }

    async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self {
            status,
            headers,
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks an error of the OAuth endpoints' table.
    pub(crate) fn is_oauth(&self, status: u16, error: &str) {
        assert_eq!(
            (self.status, self.body["error"].as_str()),
            (status, Some(error)),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.body["detail"], self.body["error_description"], "{self:?}");
        assert_eq!(self.body.as_object().unwrap().len(), 3, "{self:?}");
        self.has_common_headers();
        assert_eq!(self.header("pragma"), "no-cache");
        if status != 401 {
            assert_eq!(
                self.header("www-authenticate"),
                "",
                "a challenge would hide the body from some clients"
            );
        }
    }

    /// Checks an error of every other route's table.
    pub(crate) fn is_problem(&self, status: u16, detail: &str) {
        assert_eq!(
            (self.status, self.body["detail"].as_str()),
            (status, Some(detail)),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["type"], "about:blank");
        assert_eq!(self.body["status"], status);
        let title = match status {
            400 => "Bad Request",
            401 => "Unauthorized",
            404 => "Not Found",
            409 => "Conflict",
            413 => "Content Too Large",
            415 => "Unsupported Media Type",
            500 => "Internal Server Error",
            503 => "Service Unavailable",
            422 => "Unprocessable Content",
            other => unreachable!("{other} has no phrase here"),
        };
        assert_eq!(self.body["title"], title);
        let instance = self.body["instance"].as_str().unwrap();
        assert!(
            instance.len() > "urn:request:".len() && instance.starts_with("urn:request:"),
            "{instance}"
        );
        self.has_common_headers();
    }

    pub(crate) fn has_common_headers(&self) {
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
    }

    /// Returns the `errors` of a problem document as pairs of field and code.
    pub(crate) fn errors(&self) -> Vec<(&str, &str)> {
        let errors = self.body["errors"].as_array().unwrap();
        errors
            .iter()
            .map(|error| {
                assert!(!error["message"].as_str().unwrap().is_empty());
                (error["field"].as_str().unwrap(), error["code"].as_str().unwrap())
            })
            .collect()
    }
}
