//! `latchkey import`.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::passwords::{HashCost, Hasher, Password, StoredHash, Verdict};
use testing::deployment::Deployment;
use testing::fault_proxy::{Fault, FaultProxy};

use crate::moving::{ARGON2, BCRYPT, FIREBASE, export, import, is_done, lines, text, users};
use crate::{PASSWORD, command, latchkey, objects, piped, through};

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
    // Windows programs begin a file with this mark.
    is_done(
        &import(&deployment, &[], &format!("\u{feff}{rows}")),
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
async fn hashes_of_firebase_come_with_their_salts_and_log_in() {
    let deployment = Deployment::without_keys().await;
    let vector: Value = serde_json::from_str(FIREBASE).unwrap();
    let file = deployment.folder().join("parameters.json");
    fs::write(&file, vector["parameters"].to_string()).unwrap();
    let user = &vector["hashes"][0];
    let rows = lines(&[
        json!({"username": "user1", "password_hash": user["hash"], "password_salt": user["salt"]}),
        json!({"username": "google", "password_hash": null, "password_salt": null}),
        json!({"username": "bcrypt", "password_hash": BCRYPT}),
    ]);
    let firebase = ["--firebase", file.to_str().unwrap()];
    is_done(
        &import(&deployment, &firebase, &rows),
        "rows: 3, new: 3, there already: 0, refused: 0",
    );
    let text_of = |value: &Value| value.as_str().unwrap().to_owned();
    let (hash, salt) = (text_of(&user["hash"]), text_of(&user["salt"]));
    // CSV, by the alphabet that a URL may have.
    let url_safe = |text: &str| text.replace('+', "-").replace('/', "_");
    let csv = format!(
        "username,password_hash,password_salt\nuser1,{},{}\ngoogle,,\nbcrypt,{BCRYPT},\n",
        url_safe(&hash),
        url_safe(&salt)
    );
    is_done(
        &import(&deployment, &[&firebase[..], &["--format", "csv"]].concat(), &csv),
        "rows: 3, new: 0, there already: 3, refused: 0",
    );
    let exported = objects(&export(&deployment, &[]));
    let stored = |name: &str| {
        let user = exported.iter().find(|user| user["username"] == name).unwrap();
        user["password_hash"].as_str().map(str::to_owned)
    };
    assert_eq!(
        (stored("google"), stored("bcrypt")),
        (None, Some(BCRYPT.to_owned()))
    );
    let stored = stored("user1").unwrap();
    let mut verdicts = Vec::new();
    for typed in [text_of(&user["password"]), "wrong".to_owned()] {
        let hasher = Hasher::new(HashCost::read(&deployment.env()).unwrap());
        let turn = hasher.turn(Instant::now()).await.unwrap();
        let typed = Arc::new(Password::attempt(typed).unwrap());
        let stored = Some(StoredHash::from_store(stored.clone()));
        verdicts.push(hasher.verify(turn, typed, stored).await.unwrap());
    }
    assert_eq!(verdicts, [Verdict::Right { renew: true }, Verdict::Wrong]);
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
            changed(&john, "password_hash", json!(ARGON2.replace("t=1", "t=2"))),
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
async fn a_user_whose_hash_was_renewed_since_is_there_already() {
    let deployment = Deployment::without_keys().await;
    let user = |hash: Value| json!({"username": "user", "full_name": "User", "password_hash": hash});
    let row = lines(&[user(json!(BCRYPT))]);
    is_done(
        &import(&deployment, &[], &row),
        "rows: 1, new: 1, there already: 0, refused: 0",
    );
    let renewed = command(&deployment, &["user", "set-password", "user", "--password-stdin"]);
    let renewed = piped(renewed, PASSWORD.as_bytes());
    assert!(renewed.status.success(), "{renewed:?}");
    let stored = objects(&export(&deployment, &[]))[0]["password_hash"].clone();
    let argon2 = |cost: &str| json!(ARGON2.replace("m=7168,t=1,p=1", cost));
    let mut other_name = user(json!(BCRYPT));
    other_name["full_name"] = json!("Other");
    let rows = [
        (user(stored.clone()), None),
        (user(json!(BCRYPT)), None),
        (user(json!(ARGON2)), None),
        (user(json!(ARGON2.replace("argon2id", "argon2i"))), None),
        (user(Value::Null), None),
        (user(argon2("m=19456,t=2,p=1")), Some("another password_hash")),
        (user(argon2("m=19456,t=3,p=1")), Some("another password_hash")),
        (other_name, Some("another full_name, password_hash")),
    ];
    for options in [&["--dry-run"][..], &[]] {
        let refused = import(&deployment, options, &lines(&rows.clone().map(|(row, _)| row)));
        let report = text(&refused.stdout);
        let mut reported = report.lines();
        for (index, (_, reason)) in rows.iter().enumerate() {
            let Some(reason) = reason else { continue };
            let expected = format!("line {}: the user is there already, with {reason}", index + 1);
            assert_eq!(reported.next(), Some(&*expected), "{report}");
        }
        let counts = "rows: 8, new: 0, there already: 5, refused: 3";
        assert!(reported.next().unwrap().starts_with(counts), "{report}");
        let renewed = reported.next().unwrap();
        assert!(
            renewed.starts_with("users whose hash here is newer than the row's, and stays: 4"),
            "{report}"
        );
    }
    let exported = export(&deployment, &[]);
    assert_eq!(objects(&exported)[0]["password_hash"], stored);
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
