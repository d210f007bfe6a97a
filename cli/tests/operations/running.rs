//! A running service as `cargo dev` starts it, with its data in a folder `.local`, and `latchkey` beside it.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Output};

use local::{Data, Limits, Options, Service, TABLE_NAME};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::env::Env;
use tempfile::TempDir;
use tokio::sync::oneshot;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Running {
    pub(crate) root: TempDir,
    pub(crate) url: String,
    pub(crate) dynamodb: String,
    /// Kept: the service stops with it.
    _stop: oneshot::Sender<()>,
}

impl Running {
    pub(crate) async fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        let options = Options {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            dynamodb_port: 0,
            data: Data::Folder(root.path().join(".local")),
            dynamodb: None,
            example: None,
            limits: Limits::default(),
        };
        let cheap = |name: &str| match name {
            "ARGON2_MEMORY_KIB" => Some("7168".to_owned()),
            "ARGON2_ITERATIONS" => Some("1".to_owned()),
            _ => None,
        };
        let service = Service::start(options, cheap, Clock::system()).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (url, dynamodb) = (service.url(), service.dynamodb_url().to_owned());
        tokio::spawn(service.run(async {
            let _ = stopped.await;
        }));
        Self {
            root,
            url,
            dynamodb,
            _stop: stop,
        }
    }

    /// Returns the folder of its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join(".local")
    }

    /// Runs `latchkey` below the folder of the data, on the service's DynamoDB.
    pub(crate) fn latchkey(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let below = self.root.path().join("below");
        std::fs::create_dir_all(&below).unwrap();
        let mut command = latchkey(arguments);
        command.args(["--endpoint", &self.dynamodb]).current_dir(below);
        command
    }

    /// Returns the ids of the JWK Set.
    pub(crate) async fn served(&self) -> Vec<String> {
        let url = format!("{}/.well-known/jwks.json", self.url);
        let set: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let keys = set["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) async fn register(&self, username: &str) {
        let user = json!({"username": username, "password": PASSWORD});
        let request = Client::new().post(format!("{}/register", self.url)).json(&user);
        assert_eq!(request.send().await.unwrap().status(), 201);
    }

    pub(crate) async fn log_in(&self, form: &[(&str, &str)]) -> Response {
        let request = Client::new().post(format!("{}/token", self.url)).form(form);
        request.send().await.unwrap()
    }

    /// Returns the SDK's client of its DynamoDB.
    pub(crate) async fn client(&self) -> aws_sdk_dynamodb::Client {
        let env = Env::new(|name| match name {
            "TABLE_NAME" => Some(TABLE_NAME.to_owned()),
            "AWS_ENDPOINT_URL_DYNAMODB" => Some(self.dynamodb.clone()),
            _ => None,
        });
        let table = shared::table::Table::connect(&env).await.unwrap();
        table.client().clone()
    }
}

/// Returns the program with nothing in its environment.
pub(crate) fn latchkey(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.args(arguments).env_clear();
    command
}

/// Returns what a command printed that must succeed.
pub(crate) fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Checks the message of a command that must fail.
pub(crate) fn fails(output: &Output, said: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        message.contains("error: ") && message.contains(said),
        "{said}: {message}"
    );
}
