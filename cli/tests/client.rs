//! `latchkey client`, on the engine.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::{Command, Output};

use testing::deployment::Deployment;

fn latchkey(deployment: &Deployment, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .args(arguments)
        .args([
            "--endpoint",
            deployment.endpoint(),
            "--table",
            deployment.table().name(),
        ])
        .env_clear()
        .output()
        .unwrap()
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
    assert_eq!(printed(&run(&["client", "list"])).trim(), "");
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
    for arguments in [
        &["client", "create", "x"][..],
        &["client", "create", "x", "--grant", "authorization_code"],
        &[
            "client",
            "create",
            "x",
            "--public",
            "--grant",
            "client_credentials",
        ],
        &["client", "create", "x", "--grant", "password", "--scope", "a b"],
        &["client", "delete", ""],
    ] {
        let rejected = latchkey(&deployment, arguments);
        assert!(
            !rejected.status.success() && rejected.stdout.is_empty(),
            "{arguments:?}: {rejected:?}"
        );
    }
    assert_eq!(printed(&latchkey(&deployment, &["client", "list"])).trim(), "");
}
