//! `latchkey client`.

use std::fs::File;

use serde_json::json;
use testing::deployment::Deployment;

use crate::{command, is_error, latchkey, objects, printed};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_created_listed_and_deleted_and_its_secret_is_printed_once() {
    let deployment = Deployment::without_keys().await;
    deployment.user("johndoe", "correct horse battery").await;
    let run = |arguments: &[&str]| latchkey(&deployment, arguments);
    assert_eq!(
        printed(&run(&["client", "list"])).lines().count(),
        1,
        "the names of the columns"
    );
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
    let columns = |line: &str| {
        line.split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let mut expected = [
        vec![
            id,
            "confidential",
            "client_credentials",
            "links:read",
            "My service",
        ],
        vec![public, "public", "password refresh_token", "My app"],
    ];
    expected.sort();
    let lines: Vec<Vec<String>> = list.lines().map(columns).collect();
    assert_eq!(lines[0], ["ID", "KIND", "GRANTS", "SCOPES", "NAME"]);
    assert_eq!(lines[1..], expected);
    let mut members = objects(&run(&["client", "list", "--output", "json"]));
    members.retain(|client| client["id"] == id);
    let created_at = members[0]["created_at"].take();
    assert!(created_at.as_str().unwrap().ends_with('Z'), "{created_at}");
    let expected = json!({"id": id, "kind": "confidential", "grants": ["client_credentials"], "scopes": ["links:read"],
                          "name": "My service", "created_at": null});
    assert_eq!(members, [expected]);
    assert_eq!(printed(&run(&["client", "delete", id])).trim(), id);
    is_error(&run(&["client", "delete", id]), 1, "no client has this id");
    let left = objects(&run(&["client", "list", "--output", "json"]));
    assert!(left.len() == 1 && left[0]["id"] == public, "{left:?}");
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
        // What Clap refuses is a usage error.
        let code = if reason.starts_with(['-', '\'']) { 2 } else { 1 };
        is_error(&rejected, code, reason);
    }
    for id in ["", "x", "01M8HZZZZZZZZZZZZZZZZZZZZZ"] {
        is_error(
            &latchkey(&deployment, &["client", "delete", id]),
            1,
            "no client has this id",
        );
    }
    assert!(objects(&latchkey(&deployment, &["client", "list", "--output", "json"])).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_printed_is_an_error_that_names_the_client() {
    let deployment = Deployment::without_keys().await;
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let create = ["client", "create", "x", "--grant", "client_credentials"];
    let lost = command(&deployment, &create).stdout(full()).output().unwrap();
    let list = objects(&latchkey(&deployment, &["client", "list", "--output", "json"]));
    let id = list[0]["id"].as_str().unwrap();
    is_error(
        &lost,
        1,
        &format!("the client {id} was created and its secret is lost"),
    );
    let list = command(&deployment, &["client", "list"]).stdout(full()).output();
    is_error(&list.unwrap(), 1, "can be repeated");
    let silent = command(&deployment, &["client", "delete", id])
        .stdout(full())
        .stderr(full())
        .output();
    assert_eq!(silent.unwrap().status.code(), Some(1));
    assert!(objects(&latchkey(&deployment, &["client", "list", "--output", "json"])).is_empty());
}
