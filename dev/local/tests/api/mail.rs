//! Mail under `cargo dev`: from a route by the outbox, the table's stream and the function `mailer` to the mailbox.

use std::path::Path;
use std::time::Duration;

use local::TABLE_NAME;
use reqwest::Client;
use serde_json::{Value, json};
use shared::clock::Timestamp;
use testing::table::Table;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::program::{Program, url};
use crate::running::{PASSWORD, Response, Running};

/// The longest time until a mail arrives; it takes a fraction of a second.
const LONGEST: Duration = Duration::from_secs(20);
/// How often the mailbox is looked into.
const PERIOD: Duration = Duration::from_millis(20);

/// Returns the mails, the newest first, once there are so many.
async fn mails(url: &str, count: usize) -> Vec<Value> {
    let client = Client::new();
    let waiting = async {
        let mut looks = tokio::time::interval(PERIOD);
        loop {
            looks.tick().await;
            let request = client.get(format!("{url}/dev/mail"));
            let response = request.header("accept", "application/json").send().await.unwrap();
            assert_eq!(response.headers()["content-type"], "application/json");
            let mails: Vec<Value> = serde_json::from_str(&response.text().await.unwrap()).unwrap();
            if mails.len() >= count {
                return mails;
            }
        }
    };
    tokio::time::timeout(LONGEST, waiting).await.unwrap()
}

async fn ask(url: &str, path: &str, email: &str) {
    let request = Client::new()
        .post(format!("{url}{path}"))
        .json(&json!({"email": email}));
    assert_eq!(request.send().await.unwrap().status(), 202);
}

/// Returns the token of the one link to this path in these mails.
fn token(mails: &[Value], path: &str) -> String {
    let links = mails.iter().flat_map(|mail| mail["links"].as_array().unwrap());
    let tokens: Vec<&str> = links
        .filter_map(|link| link.as_str().unwrap().split_once("?token="))
        .filter(|(page, _)| page.ends_with(path))
        .map(|(_, token)| token)
        .collect();
    assert_eq!(tokens.len(), 1, "{path}: {mails:?}");
    tokens[0].to_owned()
}

#[tokio::test]
async fn a_mail_that_is_asked_for_arrives_in_the_mailbox() {
    let service = Running::start_with(&[]).await;
    service
        .register(json!({"username": "johndoe", "email": "j@example.com", "password": PASSWORD}))
        .await;
    ask(&service.url, "/forgot-password", "J@example.com").await;
    let forgot = mails(&service.url, 1).await;
    let members = forgot[0].as_object().unwrap().keys().map(String::as_str);
    let mut members: Vec<&str> = members.collect();
    members.sort_unstable();
    assert_eq!(members, ["html", "links", "sent_at", "subject", "text", "to"]);
    assert_eq!(forgot[0]["to"], "j@example.com", "as its account has it");
    assert!(Timestamp::parse(forgot[0]["sent_at"].as_str().unwrap()).is_some());
    let link = forgot[0]["links"][0].as_str().unwrap();
    assert!(
        link.starts_with(&format!("{}/reset-password?token=", service.url)),
        "{link}"
    );
    for form in ["text", "html"] {
        assert!(forgot[0][form].as_str().unwrap().contains(link));
    }
    ask(&service.url, "/request-verify-token", "j@example.com").await;
    let both = mails(&service.url, 2).await;
    assert_eq!(both[1], forgot[0], "the newest is first");
    let reset = json!({"token": token(&forgot, "/reset-password"), "password": "another horse battery"});
    let reset = Response::of(service.request("POST", "/reset-password").json(&reset)).await;
    assert_eq!(reset.status, 204, "{reset:?}");
    assert_eq!(
        service.log_in("johndoe", "another horse battery").await.status,
        200
    );
    // The notice of the new password.
    let notice = mails(&service.url, 3).await;
    assert_eq!(
        (&notice[0]["to"], &notice[0]["links"]),
        (&json!("j@example.com"), &json!([]))
    );
}

#[tokio::test]
async fn an_address_without_an_account_gets_no_mail() {
    let service = Running::start_with(&[]).await;
    service
        .register(json!({"email": "j@example.com", "password": PASSWORD}))
        .await;
    ask(&service.url, "/forgot-password", "other@example.com").await;
    // Mails are in order: one that was asked for later is there.
    ask(&service.url, "/forgot-password", "j@example.com").await;
    let sent = mails(&service.url, 1).await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0]["to"], "j@example.com");
}

#[tokio::test]
async fn the_mailbox_is_a_page_that_runs_nothing_of_a_mail() {
    let service = Running::start_with(&[]).await;
    service
        .register(json!({"email": "j@example.com", "password": PASSWORD}))
        .await;
    let empty = service.request("GET", "/dev/mail").send().await.unwrap();
    assert!(empty.text().await.unwrap().contains("There is none yet"));
    ask(&service.url, "/forgot-password", "j@example.com").await;
    mails(&service.url, 1).await;
    let page = service.request("GET", "/dev/mail").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert_eq!(page.headers()["cache-control"], "no-store");
    let html = page.text().await.unwrap();
    assert!(
        html.contains("j@example.com") && html.contains("sandbox srcdoc=\"&lt;!doctype html&gt;"),
        "{html}"
    );
    for (host, status) in [
        ("evil.example", 403),
        ("127.0.0.1.evil.example:3000", 403),
        ("localhost:3000", 200),
        ("[::1]:3000", 200),
    ] {
        let request = service.request("GET", "/dev/mail").header("host", host);
        assert_eq!(request.send().await.unwrap().status(), status, "{host}");
    }
}

#[tokio::test]
async fn without_a_sender_there_is_no_mailbox() {
    let service = Running::start_with(&[("MAIL_FROM", "")]).await;
    let response = Response::of(service.request("GET", "/dev/mail")).await;
    assert_eq!(
        (response.status, response.body),
        (404, json!({"message": "Not Found"}))
    );
}

/// Waits until the outbox is empty: a mail that is not yet deleted from it would rightly be sent once more.
async fn sent_all(program: &Program) {
    let table = Table::at(&url(&program.printed, "DynamoDB"), TABLE_NAME);
    let waiting = async {
        let mut looks = tokio::time::interval(PERIOD);
        while table
            .partition_keys()
            .await
            .iter()
            .any(|key| key.starts_with("mail#"))
        {
            looks.tick().await;
        }
    };
    tokio::time::timeout(LONGEST, waiting).await.unwrap();
}

/// Returns the texts of the files of mails.
fn files(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder.join("mail")).unwrap();
    files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

#[tokio::test]
async fn mails_are_files_and_none_is_sent_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = ["--data-dir", folder.path().to_str().unwrap()];
    let program = Program::start_with(&data);
    assert!(
        program
            .printed
            .iter()
            .any(|line| line == &format!("Mail      {}/dev/mail", program.url))
    );
    let user = json!({"email": "j@example.com", "password": PASSWORD}).to_string();
    program.post("/register", "application/json", &user).await;
    ask(&program.url, "/forgot-password", "j@example.com").await;
    mails(&program.url, 1).await;
    let sent = files(folder.path());
    assert_eq!(sent.len(), 1);
    for line in [
        "To: j@example.com\r\n",
        "Message-ID: <",
        "X-Latchkey-Mail: ",
        "multipart/alternative",
    ] {
        assert!(sent[0].contains(line), "{line}: {}", sent[0]);
    }
    let key = std::fs::read(folder.path().join("mail-key")).unwrap();
    assert_eq!(key.len(), 32);
    sent_all(&program).await;
    drop(program);
    let program = Program::start_with(&data);
    ask(&program.url, "/forgot-password", "j@example.com").await;
    let again = mails(&program.url, 1).await;
    assert_eq!(again.len(), 1, "the first is not sent again: {again:?}");
    assert_eq!(files(folder.path()).len(), 2);
    assert_eq!(std::fs::read(folder.path().join("mail-key")).unwrap(), key);
}

#[tokio::test]
async fn a_mail_that_the_mail_server_rejects_is_in_the_mailbox_once() {
    let server = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("smtp://{}", server.local_addr().unwrap());
    let service = Running::start_with(&[("SMTP_URL", &url)]).await;
    service
        .register(json!({"email": "j@example.com", "password": PASSWORD}))
        .await;
    ask(&service.url, "/forgot-password", "j@example.com").await;
    // The first response is of a server that may accept the mail later, so it is tried again.
    for greeting in ["421 later\r\n", "554 never\r\n"] {
        let (mut connection, _) = tokio::time::timeout(LONGEST, server.accept())
            .await
            .unwrap()
            .unwrap();
        let kept = mails(&service.url, 1).await;
        assert_eq!(kept.len(), 1, "{kept:?}");
        connection.write_all(greeting.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn j_05_a_mailed_token_is_no_access_token() {
    let service = Running::start_with(&[]).await;
    service
        .register(json!({"username": "johndoe", "email": "j@example.com", "password": PASSWORD}))
        .await;
    let (client, secret) = service.confidential_client().await;
    let access = service.log_in("johndoe", PASSWORD).await.body["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    ask(&service.url, "/forgot-password", "j@example.com").await;
    ask(&service.url, "/request-verify-token", "j@example.com").await;
    let asked_for = mails(&service.url, 2).await;
    let change = service.request("PATCH", "/users/me").bearer_auth(&access);
    let changed = Response::of(change.json(&json!({"email": "new@example.com"}))).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let mut notice = mails(&service.url, 3).await;
    notice.retain(|mail| !asked_for.contains(mail));
    let mailed = [
        token(&asked_for, "/verify-email"),
        token(&asked_for, "/reset-password"),
        token(&notice, "/reset-password"),
    ];
    for mailed in &mailed {
        // A route of each function that has users' tokens.
        for (method, path) in [("GET", "/users/me"), ("GET", "/sessions"), ("GET", "/api-keys")] {
            let request = service.request(method, path).bearer_auth(mailed);
            let response = Response::of(request).await;
            response.is_problem(401, "Could not validate credentials");
        }
        let introspected = service
            .request("POST", "/introspect")
            .basic_auth(&client, Some(&secret))
            .form(&[("token", mailed)]);
        assert_eq!(Response::of(introspected).await.body, json!({"active": false}));
        let refreshed = service
            .form(&format!("grant_type=refresh_token&refresh_token={mailed}"))
            .await;
        refreshed.is_oauth(400, "invalid_grant");
    }
}
