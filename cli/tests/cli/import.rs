//! `latchkey import`.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use testing::deployment::Deployment;
use testing::fault_proxy::{Fault, FaultProxy};

use crate::moving::{BCRYPT, export, import, is_done, lines, text, users};
use crate::{bare, command, latchkey};

/// Returns a command whose requests go through a proxy.
fn through(proxy: &FaultProxy, deployment: &Deployment, arguments: &[&str]) -> Command {
    let mut command = bare(arguments);
    command.args([
        "--endpoint",
        proxy.endpoint(),
        "--table",
        deployment.table().name(),
    ]);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_without_an_id_gets_one_and_is_recognized_when_it_comes_again() {
    let deployment = Deployment::without_keys().await;
    let rows = lines(&[
        json!({"username": "johndoe", "password_hash": BCRYPT}),
        json!({"email": "jane@example.com", "updated_at": "2020-01-02T03:04:05.678+02:00", "full_name": null}),
    ]);
    let imported = import(&deployment, &[], &rows);
    is_done(&imported, "rows: 2, new: 2, there already: 0, refused: 0");
    assert!(
        text(&imported.stdout).contains("log-in: bcrypt: 1; set LoginBudgetMs"),
        "{imported:?}"
    );
    is_done(
        &import(&deployment, &[], &rows),
        "rows: 2, new: 0, there already: 2, refused: 0",
    );
    let exported = export(&deployment, &[]);
    let first = text(&exported.stdout).lines().next().unwrap();
    let jane: Value = serde_json::from_str(first).unwrap();
    assert_eq!(jane["created_at"], "2020-01-02T01:04:05Z");
    assert_eq!(jane["updated_at"], "2020-01-02T01:04:05Z");
    assert_eq!(jane["id"].as_str().unwrap().len(), 26);
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_imports_as_the_same_rows_in_ndjson_do() {
    let deployment = Deployment::without_keys().await;
    let mut csv =
        "\u{feff}id,username,email,full_name,website,disabled,created_at,updated_at,scopes,password_hash\r\n"
            .to_owned();
    for user in users() {
        let scopes: Vec<&str> = user["scopes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let quoted = |name: &str| user[name].as_str().unwrap_or_default().replace('"', "\"\"");
        let names = ["id", "username", "email", "full_name", "website"];
        let before: Vec<String> = names.iter().map(|name| format!("\"{}\"", quoted(name))).collect();
        let after: Vec<String> = ["created_at", "updated_at"]
            .iter()
            .map(|name| quoted(name))
            .collect();
        let (before, after, disabled) = (before.join(","), after.join(","), &user["disabled"]);
        let (scopes, hash) = (scopes.join(" "), quoted("password_hash"));
        writeln!(csv, "{before},{disabled},{after},{scopes},\"{hash}\"\r").unwrap();
    }
    let file: PathBuf = deployment.folder().join("users.CSV");
    fs::write(&file, csv).unwrap();
    let imported = latchkey(&deployment, &["import", file.to_str().unwrap()]);
    is_done(&imported, "rows: 3, new: 3, there already: 0, refused: 0");
    let exported = export(&deployment, &[]);
    let exported = text(&exported.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    assert_eq!(exported.collect::<Vec<Value>>(), users());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_breaks_a_rule_is_reported_by_its_line_and_without_its_values() {
    let deployment = Deployment::without_keys().await;
    let secret = "SECRET";
    let long = format!("{{\"username\": \"{}\"}}", "a".repeat(1 << 20));
    let cases = [
        (
            r#"{"username": "a", "password": "SECRET"}"#,
            "password: Is no member of a user",
        ),
        (
            r#"{"username": "a", "$2b$SECRET": 1}"#,
            "a member that no user has",
        ),
        (
            r#"{"username": "a", "password_hash": "$2b$12$SECRET"}"#,
            "password_hash: ",
        ),
        (
            r#"{"username": "a", "password_hash": "$argon2id$v=19$m=9999999,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$GpZ3sK/oH9p7VIiV56G/64Zo/8GaUw434IimaPqxwCo"}"#,
            "password_hash: ",
        ),
        (
            r#"{"username": "a", "password_hash": ["SECRET"]}"#,
            "password_hash: Must be a text",
        ),
        (
            r#"{"password_hash": null, "full_name": "A"}"#,
            "username or email: One of the two must be there",
        ),
        (
            r#"{"username": "a", "username": "b"}"#,
            "username: Is there twice",
        ),
        (r#"{"username": "a b"}"#, "username: Only letters"),
        (r#"{"username": "a@b"}"#, "username: Only letters"),
        (r#"{"email": "SECRET"}"#, "email: Must be an e-mail address"),
        (r#"{"username": "a", "id": "4711"}"#, "id: Must be a ULID"),
        (
            r#"{"username": "a", "id": "01kas8m1e0qz3v5x7y9a1b3c5d"}"#,
            "id: Must be a ULID",
        ),
        (
            r#"{"username": "a", "disabled": "SECRET"}"#,
            "disabled: Must be true or false",
        ),
        (
            r#"{"username": "a", "created_at": "yesterday"}"#,
            "created_at: Must be a time of RFC 3339",
        ),
        (
            r#"{"username": "a", "created_at": "9999-12-31T23:59:59-01:00"}"#,
            "created_at: Must be a time of RFC 3339",
        ),
        (
            r#"{"username": "a", "scopes": "a b"}"#,
            "scopes: Must be an array of texts",
        ),
        (
            r#"{"username": "a", "scopes": ["openid"]}"#,
            "scopes: The scopes of OpenID Connect",
        ),
        (
            r#"{"username": "a", "website": "SECRET"}"#,
            "website: Must be an absolute http",
        ),
        (r#""$2b$12$SECRET""#, "Must be a JSON object"),
        (
            r#"{"username": "a", "password_hash": "$2b$12$SECRET}"#,
            "Is no JSON: an error at column 50",
        ),
        (&long, "the line has more than 1048576 bytes"),
    ];
    let mut rows = "\n".to_owned();
    for (row, _) in &cases {
        writeln!(rows, "{row}").unwrap();
    }
    rows.push_str(r#"{"username": "fine"}"#);
    for options in [&["--dry-run"][..], &[]] {
        let refused = import(&deployment, options, &rows);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let (report, error) = (text(&refused.stdout), text(&refused.stderr));
        for (index, (row, reason)) in cases.iter().enumerate() {
            let line = report.lines().nth(index).unwrap();
            assert!(
                line.starts_with(&format!("line {}: {reason}", index + 2)),
                "{row}: {line}"
            );
        }
        let count = cases.len();
        assert!(report.contains(&format!(
            "rows: {}, new: 1, there already: 0, refused: {count}",
            count + 1
        )));
        assert_eq!(
            error.lines().last(),
            Some(&*format!("error: rows were refused: {count}"))
        );
        assert!(
            !report.contains(secret) && !error.contains(secret),
            "{report}{error}"
        );
        let written = if options.is_empty() { 2 } else { 0 };
        assert_eq!(deployment.table().count().await, written, "{options:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_that_cannot_be_read_is_rejected_before_its_first_row() {
    let deployment = Deployment::without_keys().await;
    for (csv, code, reason) in [
        (
            "username,password\na,b\n",
            1,
            "line 1: password: Is no member of a user",
        ),
        ("username,username\na,b\n", 1, "line 1: username: Is there twice"),
        ("$2b$12$SECRET,b\n", 1, "line 1: a member that no user has"),
        (
            "username,email\na\n",
            1,
            "line 2: Has 1 values, and the first line names 2",
        ),
        (
            "username,disabled\na,yes\n",
            1,
            "line 2: disabled: Must be true or false",
        ),
        ("username,scopes\na,x  y\n", 1, "line 2: scopes: Each scope must"),
        ("username\n\"a\nb\"\nc d\n", 1, "line 4: username: Only letters"),
        (
            &format!("username\n\"{}", "a\n".repeat(1 << 20)),
            1,
            "the row is too long",
        ),
        ("", 0, "rows: 0, new: 0"),
    ] {
        let rejected = import(&deployment, &["--format", "csv"], csv);
        let printed = format!("{}{}", text(&rejected.stdout), text(&rejected.stderr));
        assert_eq!(rejected.status.code(), Some(code), "{reason}: {rejected:?}");
        assert!(
            printed.contains(reason) && !printed.contains("SECRET"),
            "{reason}: {printed}"
        );
        assert_eq!(deployment.table().count().await, 0, "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_or_an_id_of_another_row_is_refused_and_the_first_row_gets_it() {
    let deployment = Deployment::without_keys().await;
    let [john, jane, _] = users().try_into().unwrap();
    is_done(
        &import(&deployment, &[], &lines(&[john.clone(), jane.clone()])),
        "rows: 2, new: 2, there already: 0, refused: 0",
    );
    let changed = |user: &Value, member: &str, value: Value| {
        let mut user = user.clone();
        user[member] = value;
        user
    };
    let cases = [
        (json!({"username": "new", "full_name": "First"}), None),
        (
            json!({"username": "NEW", "full_name": "Second"}),
            Some("already, with another username, full_name"),
        ),
        (
            json!({"username": "johndoe"}),
            Some(
                "already, with another username, email, full_name, website, disabled, password_hash, scopes",
            ),
        ),
        (
            json!({"username": "x", "email": "john@example.com"}),
            Some("email: Already taken"),
        ),
        (
            json!({"username": "JohnDoe", "email": "ü@example.com"}),
            Some("username: Already taken"),
        ),
        (
            changed(&john, "id", json!("01KAS8M1E0QZ3V5X7Y9A1B3C5X")),
            Some("username: Already taken"),
        ),
        (
            changed(&john, "id", jane["id"].clone()),
            Some("username: Already taken"),
        ),
        (
            changed(&john, "email", json!("other@example.com")),
            Some("already, with another email"),
        ),
        (
            changed(&john, "password_hash", json!(BCRYPT)),
            Some("already, with another password_hash"),
        ),
        (
            changed(&jane, "password_hash", Value::Null),
            Some("already, with another password_hash"),
        ),
        (john.clone(), None),
    ];
    let rows: Vec<Value> = cases.iter().map(|(row, _)| row.clone()).collect();
    let before = deployment.table().count().await;
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    proxy.script_for("TransactWriteItems", [Fault::Delay(Duration::from_millis(300))]);
    let file = deployment.folder().join("users.ndjson");
    fs::write(&file, lines(&rows)).unwrap();
    let refused = through(&proxy, &deployment, &["import", file.to_str().unwrap()])
        .output()
        .unwrap();
    let report = text(&refused.stdout);
    let mut reported = report.lines();
    for (index, (row, reason)) in cases.iter().enumerate() {
        let Some(reason) = reason else { continue };
        let line = reported.next().unwrap();
        assert!(
            line.starts_with(&format!("line {}: ", index + 1)) && line.ends_with(reason),
            "{row}: {line}"
        );
    }
    assert_eq!(
        reported.next(),
        Some("rows: 11, new: 1, there already: 1, refused: 9"),
        "{report}"
    );
    assert_eq!(deployment.table().count().await, before + 2);
    deployment.table().delete("username#johndoe", "name").await;
    let unmarked = import(&deployment, &[], &lines(&[john]));
    assert!(
        text(&unmarked.stdout).contains("the item that keeps the username unique is missing"),
        "{unmarked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_an_import_would_do_and_writes_nothing() {
    let deployment = Deployment::without_keys().await;
    let [john, jane, _] = users().try_into().unwrap();
    is_done(
        &import(&deployment, &[], &lines(std::slice::from_ref(&john))),
        "rows: 1, new: 1, there already: 0, refused: 0",
    );
    let rows = [
        john,
        jane,
        json!({"username": "johndoe"}),
        json!({"email": "Ü@example.com"}),
    ];
    let dry = import(&deployment, &["--dry-run"], &lines(&rows));
    assert_eq!(dry.status.code(), Some(1));
    let report: Vec<&str> = text(&dry.stdout).lines().collect();
    assert_eq!(
        report,
        [
            "line 3: username: An earlier line has it",
            "line 4: email: An earlier line has it",
            "rows: 4, new: 1, there already: 1, refused: 2; nothing was written",
            "hashes that take longer than the default budget of a log-in: bcrypt: 1; set LoginBudgetMs until their users have logged in \
             (docs/data.md, \"What an imported hash costs\")",
        ]
    );
    assert_eq!(deployment.table().count().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_store_slows_an_import_down_and_loses_no_row() {
    let deployment = Deployment::without_keys().await;
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    let faults = [
        Fault::Throttle,
        Fault::HangUpAfterWrite,
        Fault::TransactionConflict,
    ];
    proxy.script_for("TransactWriteItems", std::iter::repeat_n(faults, 10).flatten());
    let file = deployment.folder().join("users.ndjson");
    let rows: Vec<Value> = (0..40)
        .map(|number| json!({"username": format!("user{number}")}))
        .collect();
    fs::write(&file, lines(&rows)).unwrap();
    let imported = through(&proxy, &deployment, &["import", file.to_str().unwrap()]).output();
    is_done(
        &imported.unwrap(),
        "rows: 40, new: 40, there already: 0, refused: 0",
    );
    assert_eq!(deployment.table().count().await, 80);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_killed_is_repeated_and_finds_what_is_there() {
    let deployment = Deployment::without_keys().await;
    let rows: Vec<Value> = (0..10)
        .map(|number| json!({"username": format!("user{number}")}))
        .collect();
    let mut killed = command(&deployment, &["import", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = killed.stdin.take().unwrap();
    stdin.write_all(lines(&rows[..5]).as_bytes()).unwrap();
    stdin.flush().unwrap();
    while deployment.table().count().await < 10 {
        tokio::task::yield_now().await;
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    is_done(
        &import(&deployment, &[], &lines(&rows)),
        "rows: 10, new: 5, there already: 5, refused: 0",
    );
}
