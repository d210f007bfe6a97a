//! `latchkey --dev`, which `cargo latchkey` is, beside a running `cargo dev`: what an operator does is what clients see.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use reqwest::Client;
use serde_json::Value;

use crate::running::Running;
use crate::{PASSWORD, bare, is_error, logged, objects, piped, printed};

/// Returns a command for the `cargo dev` of a folder, in a shell whose profile is of no use.
fn on(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = bare(arguments);
    command.args(["--dev", "--data-dir"]).arg(folder);
    command.env("AWS_PROFILE", "expired");
    command
}

async fn log_in(client: &Client, url: &str, password: &str) -> (u16, Value) {
    let form = [("username", "johndoe"), ("password", password)];
    let request = client
        .post(format!("{url}/token"))
        .form(&form)
        .header("user-agent", "a\u{9b}phone");
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn me(client: &Client, url: &str, response: &Value) -> u16 {
    let token = response["access_token"].as_str().unwrap();
    let request = client.get(format!("{url}/users/me")).bearer_auth(token);
    request.send().await.unwrap().status().as_u16()
}

/// Creates a user by the command line, and returns the id.
fn created(service: &Running) -> String {
    let create = service.command(&["user", "create", "--username", "johndoe", "--password-stdin"]);
    printed(&piped(create, PASSWORD.as_bytes())).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn n_12_an_operator_ends_one_session_of_a_user_or_all() {
    let service = Running::start().await;
    let (client, url) = (Client::new(), service.url.clone());
    let run = |arguments: &[&str]| service.latchkey(arguments);
    let id = created(&service);
    let (status, first) = log_in(&client, &url, PASSWORD).await;
    assert_eq!((status, me(&client, &url, &first).await), (200, 200));
    let (_, second) = log_in(&client, &url, PASSWORD).await;
    let sessions = objects(&run(&["user", "sessions", "johndoe", "--output", "json"]));
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    assert!(sessions[0]["id"].as_str() > sessions[1]["id"].as_str());
    assert_eq!(sessions[0]["ip"], "127.0.0.1");
    let table = printed(&run(&["user", "sessions", "johndoe"]));
    assert!(table.contains("a\u{fffd}phone"), "{table:?}");

    let one = sessions[1]["id"].as_str().unwrap();
    let ended = run(&["user", "logout", "johndoe", "--session", one]);
    assert!(
        logged(&ended, "SessionEnded") && printed(&ended).trim() == id,
        "{ended:?}"
    );
    assert_eq!(
        (me(&client, &url, &first).await, me(&client, &url, &second).await),
        (401, 200)
    );
    is_error(
        &run(&["user", "logout", "johndoe", "--session", one]),
        1,
        "no such session",
    );
    let ended = run(&["user", "logout", "johndoe"]);
    assert!(logged(&ended, "SessionsEnded"), "{ended:?}");
    assert_eq!(me(&client, &url, &second).await, 401);
    assert!(objects(&run(&["user", "sessions", &id, "--output", "json"])).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_cargo_dev_is_found_and_clients_see_what_is_done() {
    let service = Running::start().await;
    let (client, url) = (Client::new(), service.url.clone());
    let run = |arguments: &[&str]| service.latchkey(arguments);
    let id = created(&service);
    let with_password = service.command(&["user", "set-password", &id, "--password-stdin"]);
    printed(&piped(with_password, b"another horse battery"));
    assert_eq!(log_in(&client, &url, PASSWORD).await.0, 401);
    let (status, third) = log_in(&client, &url, "another horse battery").await;
    assert_eq!(status, 200);
    printed(&run(&["user", "disable", "johndoe"]));
    assert_eq!(me(&client, &url, &third).await, 400);
    assert_eq!(log_in(&client, &url, "another horse battery").await.0, 400);
    printed(&run(&["user", "enable", "johndoe"]));
    assert_eq!(me(&client, &url, &third).await, 401);
    let (_, fourth) = log_in(&client, &url, "another horse battery").await;
    printed(&run(&["user", "delete", "johndoe", "--yes"]));
    assert_eq!(me(&client, &url, &fourth).await, 401);
    assert!(objects(&run(&["user", "list", "--output", "json"])).is_empty());
}

#[test]
fn a_cargo_dev_that_does_not_respond_is_an_error_unless_another_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let lock = File::create(folder.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    fs::write(folder.path().join("dynamodb-url"), &endpoint).unwrap();
    fs::write(folder.path().join("url"), "http://127.0.0.1:1").unwrap();
    let said = format!("nothing listens at {endpoint}: start `cargo dev`");
    is_error(&on(folder.path(), &["user", "list"]).output().unwrap(), 1, &said);
    // What it wrote stays behind.
    drop(lock);
    let gone = "no `cargo dev` runs that keeps its data in";
    is_error(&on(folder.path(), &["user", "list"]).output().unwrap(), 1, gone);
    let mut named = on(folder.path(), &["user", "list", "--stack", "latchkey-prod"]);
    let named = named
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", "eu-north-1");
    is_error(&named.output().unwrap(), 1, "no AWS credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_workspaces_cargo_dev_is_not_taken_and_one_in_memory_is_found() {
    let service = Running::start().await;
    let folder = tempfile::tempdir().unwrap();
    let list = || on(folder.path(), &["user", "list"]).output().unwrap();
    is_error(&list(), 1, "no `cargo dev` runs that keeps its data in");
    let announced = service.data();
    fs::write(folder.path().join("in-memory"), announced.to_str().unwrap()).unwrap();
    printed(&list());
}
