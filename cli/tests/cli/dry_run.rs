//! `latchkey import --dry-run`.

use serde_json::{Value, json};
use testing::deployment::Deployment;

use crate::moving::{ARGON2, BCRYPT, import, is_done, lines, text, users};

/// Rows of which each is decided by the table, by the rows before it, or by both; and what a dry run says of those that are refused.
fn mixed(john: &Value, jane: &Value) -> Vec<(Value, Option<&'static str>)> {
    let with = |user: &Value, member: &str, value: Value| {
        let mut user = user.clone();
        user[member] = value;
        user
    };
    let new = json!({"username": "new", "full_name": "New", "password_hash": ARGON2, "updated_at": "2020-01-02T03:04:05Z"});
    let earlier = |name: &str| match name {
        "id" => Some("id: An earlier line has it"),
        "email" => Some("email: An earlier line has it"),
        _ => Some("username: An earlier line has it"),
    };
    vec![
        (john.clone(), None),
        (jane.clone(), None),
        (jane.clone(), None),
        (
            json!({"username": "johndoe"}),
            Some("the user is there already, with another"),
        ),
        // A row that the table refuses keeps no name of its own from a later one.
        (
            json!({"username": "free", "email": "john@example.com"}),
            Some("email: Already taken"),
        ),
        (json!({"username": "free", "full_name": "Free"}), None),
        (json!({"email": "Ü@example.com"}), earlier("email")),
        (with(jane, "full_name", json!("Jane")), earlier("id")),
        (
            with(jane, "id", json!("01KAS8M1E0QZ3V5X7Y9A1B3C5X")),
            earlier("email"),
        ),
        (new.clone(), None),
        (new.clone(), None),
        (
            json!({"username": "new", "full_name": "New", "password_hash": ARGON2}),
            None,
        ),
        (with(&new, "created_at", json!("2020-01-02T03:04:05Z")), None),
        (
            with(&new, "created_at", json!("2020-01-02T03:04:06Z")),
            earlier("username"),
        ),
        (
            with(&new, "id", json!("01KAS8M1E0QZ3V5X7Y9A1B3C5Y")),
            earlier("username"),
        ),
        (with(&new, "username", json!("New")), earlier("username")),
        (with(&new, "email", json!("new@example.com")), earlier("username")),
        (with(&new, "scopes", json!(["links:read"])), earlier("username")),
        (with(&new, "disabled", json!(true)), earlier("username")),
        (with(&new, "password_hash", json!(BCRYPT)), None),
        (
            with(&new, "password_hash", json!(ARGON2.replace("t=1", "t=2"))),
            earlier("username"),
        ),
        // A name of an earlier line, and one that is in the table.
        (
            json!({"username": "new", "email": "john@example.com"}),
            Some("username: An earlier line has it"),
        ),
        (json!({"username": "last", "password_hash": BCRYPT}), None),
        (
            json!({"username": "last", "password_hash": ARGON2}),
            earlier("username"),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_an_import_then_does_and_writes_nothing() {
    let deployment = Deployment::without_keys().await;
    let [john, jane, _] = users().try_into().unwrap();
    is_done(
        &import(&deployment, &[], &lines(std::slice::from_ref(&john))),
        "rows: 1, new: 1, there already: 0, refused: 0",
    );
    let cases = mixed(&john, &jane);
    let rows: Vec<Value> = cases.iter().map(|(row, _)| row.clone()).collect();
    let before = deployment.table().count().await;
    let dry = import(&deployment, &["--dry-run"], &lines(&rows));
    assert_eq!(deployment.table().count().await, before);
    let run = import(&deployment, &[], &lines(&rows));
    assert_eq!((dry.status.code(), run.status.code()), (Some(1), Some(1)));
    let (dry, run) = (text(&dry.stdout), text(&run.stdout));
    let mut reported = dry.lines();
    for (index, (row, reason)) in cases.iter().enumerate() {
        let Some(reason) = reason else { continue };
        let line = reported.next().unwrap();
        let expected = format!("line {}: {reason}", index + 1);
        assert!(line.starts_with(&expected), "{row}: {line}");
    }
    // The run says of an earlier line that the user is there; all else is the same.
    let outline = |report: &str| -> Vec<String> {
        let lines = report.lines().map(|line| match line.strip_prefix("line ") {
            Some(refused) => refused.split(':').next().unwrap().to_owned(),
            None => line.replace("; nothing was written", ""),
        });
        lines.collect()
    };
    assert_eq!(outline(dry), outline(run), "{dry}{run}");
    assert!(
        run.contains("\nrows: 24, new: 4, there already: 6, refused: 14\n"),
        "{run}"
    );
}
