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

use crate::{PASSWORD, bare};

pub(crate) struct Running {
    root: TempDir,
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

    /// Runs `latchkey` as `cargo latchkey` does.
    pub(crate) fn latchkey(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Returns a command that finds the service, in a shell whose profile is of no use.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command.arg("--dev").arg("--data-dir").arg(self.data());
        command.env("AWS_PROFILE", "expired");
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
