//! The program behind `scripts/put-user` and `scripts/set-disabled`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::running::{PASSWORD, Running};

/// The row of FastAPI's tutorials: `swordfish`.
const TUTORIALS: &str = "$2b$12$dQD2AD2Y.Aa8F3IliHPfk.yNESW7FZe3RmeT38K661sg/vds404ga";

fn table(service: &Running, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_table"))
        .args([
            "--endpoint-url",
            service.table.endpoint(),
            "--table",
            service.table.name(),
        ])
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that rejects its arguments may be gone before it reads.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tutorials_row_is_put_logs_in_and_is_renewed() {
    let service = Running::start().await;
    let put = table(
        &service,
        &[
            "put-user",
            "--username",
            "johndoe",
            "--email",
            "johndoe@example.com",
            "--full-name",
            "John Doe",
        ],
        TUTORIALS,
    );
    assert!(put.status.success(), "{put:?}");
    assert!(
        String::from_utf8_lossy(&put.stderr).contains("unless LoginBudgetMs covers it"),
        "{put:?}"
    );
    let id = String::from_utf8(put.stdout).unwrap().trim().to_owned();
    for name in ["johndoe", "JOHNDOE@example.com"] {
        assert_eq!(service.log_in(name, "swordfish").await.status, 200, "{name}");
    }
    let item = service.table.item(&format!("user#{id}"), "user").await;
    assert!(
        item["password_hash"]["S"]
            .as_str()
            .unwrap()
            .starts_with("$argon2id$")
    );
    let again = table(&service, &["put-user", "--username", "JohnDoe"], TUTORIALS);
    assert!(
        !again.status.success() && String::from_utf8_lossy(&again.stderr).contains("Username already taken")
    );
    assert_eq!(
        service
            .register(json!({"username": "johndoe", "password": PASSWORD}))
            .await
            .status,
        409
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b_09_disabling_and_deleting_a_user_ends_the_sessions_at_once() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    for (disabled, status) in [("false", 200), ("true", 400), ("true", 400), ("false", 401)] {
        let set = table(&service, &["set-disabled", "JohnDoe", disabled], "");
        assert!(set.status.success(), "{set:?}");
        assert_eq!(service.me(&format!("Bearer {token}")).await.status, status);
    }
    let response = service.log_in("johndoe", PASSWORD).await;
    let again = format!("Bearer {}", response.body["access_token"].as_str().unwrap());
    assert_eq!(service.me(&again).await.status, 200);
    let me = service.client.delete(format!("{}/users/me", service.url));
    let deleted = me.header("authorization", &again).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    assert_eq!(service.me(&again).await.status, 401);
    assert!(
        !table(&service, &["set-disabled", "nobody", "true"], "")
            .status
            .success()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_hash_or_no_name_is_rejected() {
    let service = Running::start().await;
    assert!(
        !table(&service, &["put-user", "--username", "johndoe"], "swordfish")
            .status
            .success()
    );
    assert!(
        !table(&service, &["put-user", "--username", "john doe"], TUTORIALS)
            .status
            .success()
    );
    assert_eq!(service.table.count().await, 1, "the JWK Set alone");
}

#[test]
fn without_a_service_it_says_what_to_start() {
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let endpoint = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let output = Command::new(env!("CARGO_BIN_EXE_table"))
        .args(["set-disabled", "johndoe", "true"])
        .env_clear()
        .env("AWS_ENDPOINT_URL_DYNAMODB", &endpoint)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    let expected = format!(
        "error: no DynamoDB responds at {endpoint}: start `cargo dev` first, or name another address with --endpoint-url"
    );
    assert!(
        !output.status.success() && printed.starts_with(&expected),
        "{printed}"
    );
}

#[test]
fn credentials_of_the_environment_sign_at_any_endpoint_and_else_local() {
    let signed_by = |variables: &[(&str, &str)]| {
        let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut table = Command::new(env!("CARGO_BIN_EXE_table"))
            .args(["set-disabled", "johndoe", "true"])
            .env_clear()
            .env(
                "AWS_ENDPOINT_URL_DYNAMODB",
                format!("http://{}", server.local_addr().unwrap()),
            )
            .envs(variables.iter().copied())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (client, _) = server.accept().unwrap();
        let mut lines = BufReader::new(client).lines().map_while(Result::ok);
        let credential = lines.find_map(|line| Some(line.split_once("Credential=")?.1.to_owned()));
        table.kill().unwrap();
        table.wait().unwrap();
        let credential = credential.unwrap();
        let scope: Vec<&str> = credential.split(['/', ',']).collect();
        format!("{} in {}", scope[0], scope[2])
    };
    let own = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-central-1"),
    ];
    assert_eq!(signed_by(&own), "AKIDEXAMPLE in eu-central-1");
    assert_eq!(signed_by(&own[2..]), "local in us-east-1");
}
