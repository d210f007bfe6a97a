//! `latchkey client`, on the engine.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::File;
use std::process::{Command, Output};

use testing::deployment::Deployment;

fn latchkey(deployment: &Deployment, arguments: &[&str]) -> Output {
    command(deployment, arguments).output().unwrap()
}

fn command(deployment: &Deployment, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command
        .args(arguments)
        .args([
            "--endpoint",
            deployment.endpoint(),
            "--table",
            deployment.table().name(),
        ])
        .env_clear();
    command
}

fn is_error(output: &Output, reason: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        matches!(output.status.code(), Some(1 | 2)) && output.stdout.is_empty(),
        "{output:?}"
    );
    assert!(
        message.starts_with("error: ") && message.contains(reason),
        "{reason}: {message}"
    );
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_created_listed_and_deleted_and_its_secret_is_printed_once() {
    let deployment = Deployment::without_keys().await;
    deployment.user("johndoe", "correct horse battery").await;
    let run = |arguments: &[&str]| latchkey(&deployment, arguments);
    assert_eq!(printed(&run(&["client", "list"])), "");
    let created = printed(&run(&[
        "client",
        "create",
        "My service",
        "--grant",
        "client_credentials",
        "--scope",
        "links:read",
    ]));
    let [id, secret] = created.trim().split('\n').collect::<Vec<_>>().try_into().unwrap();
    let (id, secret) = (
        id.strip_prefix("client_id=").unwrap(),
        secret.strip_prefix("client_secret=").unwrap(),
    );
    assert_eq!(secret.len(), 43);
    let public = printed(&run(&[
        "client",
        "create",
        "My app",
        "--public",
        "--grant",
        "password",
        "--grant",
        "refresh_token",
    ]));
    let public = public.trim().strip_prefix("client_id=").unwrap();
    let list = printed(&run(&["client", "list"]));
    assert!(!list.contains(secret), "{list}");
    let mut expected = [
        format!("{id}\tconfidential\tclient_credentials\tlinks:read\tMy service"),
        format!("{public}\tpublic\tpassword refresh_token\t\tMy app"),
    ];
    expected.sort();
    assert_eq!(list.trim().split('\n').collect::<Vec<_>>(), expected);
    assert_eq!(printed(&run(&["client", "delete", id])).trim(), id);
    assert!(!run(&["client", "delete", id]).status.success());
    assert_eq!(
        printed(&run(&["client", "list"])).trim(),
        expected.iter().find(|line| line.contains("public")).unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_could_not_be_used_is_rejected() {
    let deployment = Deployment::without_keys().await;
    let (long, scope) = ("x".repeat(101), "s".repeat(600));
    let scopes = ["--scope", &*scope, "--scope", &*format!("{scope}2")];
    for (name, rest, reason) in [
        ("x", &[][..], "--grant"),
        ("x", &["--grant", "authorization_code"], "'authorization_code'"),
        (
            "x",
            &["--public", "--grant", "client_credentials"],
            "a public client cannot",
        ),
        ("x", &["--grant", "password", "--scope", "a b"], "Each scope must"),
        (
            "x",
            &["--grant", "password", "--scope", "openid"],
            "need an OpenID Provider",
        ),
        (
            "x",
            &[&["--grant", "password"][..], &scopes].concat(),
            "at most 1024 bytes",
        ),
        ("", &["--grant", "password"], "the name: Must not be empty"),
        (&long, &["--grant", "password"], "the name: Must have at most 100"),
        (
            "\u{1b}[2J",
            &["--grant", "password"],
            "the name: Must not contain control",
        ),
    ] {
        let rejected = latchkey(&deployment, &[&["client", "create", name], rest].concat());
        is_error(&rejected, reason);
    }
    for id in ["", "x", "01M8HZZZZZZZZZZZZZZZZZZZZZ"] {
        is_error(
            &latchkey(&deployment, &["client", "delete", id]),
            "no client has this id",
        );
    }
    assert_eq!(printed(&latchkey(&deployment, &["client", "list"])), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_printed_is_an_error_that_names_the_client() {
    let deployment = Deployment::without_keys().await;
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let create = ["client", "create", "x", "--grant", "client_credentials"];
    let lost = command(&deployment, &create).stdout(full()).output().unwrap();
    let list = printed(&latchkey(&deployment, &["client", "list"]));
    let (id, _) = list.split_once('\t').unwrap();
    is_error(
        &lost,
        &format!("the client {id} was created and its secret is lost"),
    );
    let list = command(&deployment, &["client", "list"]).stdout(full()).output();
    is_error(&list.unwrap(), "can be repeated");
    let silent = command(&deployment, &["client", "delete", id])
        .stdout(full())
        .stderr(full())
        .output();
    assert_eq!(silent.unwrap().status.code(), Some(1));
    assert_eq!(printed(&latchkey(&deployment, &["client", "list"])), "");
}
