//! What `latchkey import` refuses by its form, and how it says so.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};
use testing::deployment::Deployment;

use crate::is_error;
use crate::moving::{BCRYPT, FIREBASE, import, lines, text};

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
            r#"{"username": "a", "password_hash": "SECRET", "password_salt": "SECRET"}"#,
            "password_salt: Is read with --firebase alone",
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
        (
            "username,password_salt\na,SECRET\n",
            1,
            "line 1: password_salt: Is read with --firebase alone",
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
            "line 2: Has more than 1048576 bytes; is a quotation mark missing?",
        ),
        ("username\u{e9}\na\n", 1, "line 1: a member that no user has"),
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
async fn a_row_of_csv_is_reported_by_the_line_where_it_begins() {
    let deployment = Deployment::without_keys().await;
    let lines = [
        "",
        "username,full_name",
        "",
        "a b,on line 4",
        "",
        "",
        "\"c",
        "",
        "d\",begins on line 7",
        "e f,on line 10",
        "\"g\"\"h\",\"on line 11\"",
        "",
        "fine,on line 13",
        "i j",
    ];
    for (begin, end) in [("", "\n"), ("", "\r\n"), ("\u{feff}", "\n"), ("\u{feff}", "\r\n")] {
        for last in ["", end] {
            let csv = format!("{begin}{}{last}", lines.join(end));
            let refused = import(&deployment, &["--format", "csv", "--dry-run"], &csv);
            let report = text(&refused.stdout).lines();
            let reported: Vec<&str> = report.map(|line| line.split(": ").next().unwrap()).collect();
            let expected = ["line 4", "line 7", "line 10", "line 11", "line 14", "rows"];
            assert_eq!(reported, expected, "{csv:?}: {refused:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_row_of_csv_is_refused_whole_and_the_next_one_is_read() {
    let deployment = Deployment::without_keys().await;
    let within = format!("{}\nwithin,value\n", "x".repeat(1 << 20));
    let many = ",".repeat(1 << 20);
    let csv = format!("username,full_name\nfirst,F\na,\"{within}\"\n{many}\nlast,L\n");
    let refused = import(&deployment, &["--format", "csv"], &csv);
    let report: Vec<&str> = text(&refused.stdout).lines().collect();
    let why = "Has more than 1048576 bytes; is a quotation mark missing?";
    let expected = [
        &format!("line 3: {why}"),
        &format!("line 6: {why}"),
        "rows: 4, new: 2, there already: 0, refused: 2",
    ];
    assert_eq!(report, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_firebase_whose_hash_or_salt_is_wrong_is_reported_without_them() {
    let deployment = Deployment::without_keys().await;
    let vector: Value = serde_json::from_str(FIREBASE).unwrap();
    let file = deployment.folder().join("parameters.json");
    fs::write(&file, vector["parameters"].to_string()).unwrap();
    let hash = &vector["hashes"][0]["hash"];
    let cases = [
        (
            json!({"password_salt": "U0VDUkVU"}),
            "password_salt: Needs a password_hash beside it",
        ),
        (
            json!({"password_hash": hash, "password_salt": "SECRET!"}),
            "password_hash: Must be the hash and the salt of a Firebase user",
        ),
        (
            json!({"password_hash": "UkVEQUNURUQ=", "password_salt": "U0VDUkVU"}),
            "password_hash: Must be as long as the signer key",
        ),
        (
            json!({"password_hash": hash, "password_salt": 7}),
            "password_salt: Must be a text",
        ),
        (
            json!({"password_hash": hash}),
            "password_hash: Must be a password hash of a format",
        ),
        (
            json!({"password_hash": BCRYPT, "password_salt": "U0VDUkVU"}),
            "password_hash: Must be the hash and the salt of a Firebase user",
        ),
    ];
    let rows = cases.iter().map(|(row, _)| {
        let mut row = row.clone();
        row["username"] = json!("a");
        row
    });
    let rows = lines(&rows.collect::<Vec<Value>>());
    let refused = import(&deployment, &["--firebase", file.to_str().unwrap()], &rows);
    let report = text(&refused.stdout);
    for (index, (row, reason)) in cases.iter().enumerate() {
        let line = report.lines().nth(index).unwrap();
        let expected = format!("line {}: {reason}", index + 1);
        assert!(line.starts_with(&expected), "{row}: {line}");
    }
    for secret in [hash.as_str().unwrap(), "SECRET", "U0VDUkVU", BCRYPT] {
        assert!(!report.contains(secret), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_firebases_parameters_is_refused_by_a_members_name() {
    let deployment = Deployment::without_keys().await;
    let vector: Value = serde_json::from_str(FIREBASE).unwrap();
    let file = deployment.folder().join("parameters.json");
    let with = |name: &str, value: Value| {
        let mut parameters = vector["parameters"].clone();
        parameters[name] = value;
        parameters.to_string()
    };
    let mut without = vector["parameters"].clone();
    without.as_object_mut().unwrap().remove("base64_signer_key");
    let cases = [
        (
            with("base64_signer_key", json!("SECRET!")),
            "base64_signer_key: Must be base64",
        ),
        (
            with("base64_signer_key", json!(["SECRET"])),
            "base64_signer_key: Must be a text",
        ),
        (
            with("base64_salt_separator", json!("SECRET!")),
            "base64_salt_separator: Must be base64",
        ),
        (with("rounds", json!("SECRET")), "rounds: Must be a whole number"),
        (with("mem_cost", json!(-1)), "mem_cost: Must be a whole number"),
        (
            with("mem_cost", json!(40)),
            "rounds and mem_cost: Must be above 0 and ask for no more than 65 MiB, filled 4 times",
        ),
        (with("rounds", json!(0)), "rounds and mem_cost: Must be above 0"),
        (with("algorithm", json!("SECRET")), "unknown field `algorithm`"),
        (without.to_string(), "missing field `base64_signer_key`"),
        ("\"SECRET\"".to_owned(), "Must be a JSON object"),
        ("{\"rounds\": SECRET".to_owned(), "line 1 column 12"),
    ];
    let rows = lines(&[json!({"username": "a"})]);
    for (parameters, reason) in cases {
        fs::write(&file, parameters).unwrap();
        let rejected = import(&deployment, &["--firebase", file.to_str().unwrap()], &rows);
        is_error(&rejected, 1, reason);
        assert!(!text(&rejected.stderr).contains("SECRET"), "{rejected:?}");
    }
    assert_eq!(deployment.table().count().await, 0);
}
