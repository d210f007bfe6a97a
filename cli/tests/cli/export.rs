//! `latchkey export`.

use serde_json::{Value, json};
use testing::deployment::Deployment;

use crate::moving::{ARGON2, BCRYPT, export, import, is_done, lines, text, users};

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_sorted_and_imports_into_the_same_bytes() {
    let (first, second) = (Deployment::without_keys().await, Deployment::without_keys().await);
    let mut rows = users();
    rows.reverse();
    is_done(
        &import(&first, &[], &lines(&rows)),
        "rows: 3, new: 3, there already: 0, refused: 0",
    );
    let exported = export(&first, &[]);
    assert!(exported.status.success(), "{exported:?}");
    let exported = text(&exported.stdout);
    let parsed: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(parsed, users());
    is_done(
        &import(&second, &[], exported),
        "rows: 3, new: 3, there already: 0, refused: 0",
    );
    assert_eq!(text(&export(&second, &[]).stdout), exported);
    assert_eq!(
        second.table().partition_keys().await,
        first.table().partition_keys().await
    );
    assert_eq!(second.table().count().await, 7);
    is_done(
        &import(&first, &[], exported),
        "rows: 3, new: 0, there already: 3, refused: 0",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_written_for_keycloak_supabase_and_django() {
    let deployment = Deployment::without_keys().await;
    import(&deployment, &[], &lines(&users()));
    let run = |system: &str| {
        let exported = export(&deployment, &["--for", system]);
        assert_eq!(exported.status.code(), Some(1), "{exported:?}");
        (
            text(&exported.stdout).to_owned(),
            text(&exported.stderr).to_owned(),
        )
    };
    let parse = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let (json, said) = run("keycloak");
    let body = parse(&json);
    let [john, jane, strasse] = body["users"].as_array().unwrap().clone().try_into().unwrap();
    assert_eq!(
        (&john["username"], &john["enabled"], &john["createdTimestamp"]),
        (&json!("JohnDoe"), &json!(false), &json!(1_795_466_820_000_i64))
    );
    let credential = &john["credentials"][0];
    assert_eq!(
        parse(credential["credentialData"].as_str().unwrap()),
        json!({"algorithm": "argon2", "hashIterations": 1, "additionalParameters": {
            "hashLength": ["32"], "memory": ["7168"], "parallelism": ["1"], "type": ["id"], "version": ["1.3"]}})
    );
    assert_eq!(
        parse(credential["secretData"].as_str().unwrap())["salt"],
        "c2FsdHNhbHRzYWx0c2FsdA=="
    );
    assert_eq!(
        (&jane["username"], &jane["credentials"]),
        (&json!("ü@example.com"), &json!([]))
    );
    assert_eq!(strasse["credentials"], json!([]));
    assert_eq!(
        said.lines().next(),
        Some("user 01KAS8M1E0QZ3V5X7Y9A1B3C5E: without the password, since Keycloak verifies no such hash")
    );
    assert_eq!(
        said.lines().last(),
        Some("error: users exported: 3, not whole or left out: 1")
    );

    let (lines, said) = run("supabase");
    let bodies: Vec<Value> = lines.lines().map(parse).collect();
    assert_eq!(bodies[0]["id"], "019ab28a-05c0-bfc7-b2f4-fe4a82b1b0ad");
    assert_eq!(
        (&bodies[0]["ban_duration"], &bodies[0]["password_hash"]),
        (&json!("876000h"), &json!(ARGON2))
    );
    assert_eq!((bodies.len(), &bodies[1]["password_hash"]), (2, &json!(BCRYPT)));
    assert!(
        said.starts_with("user 01KAS8M1E0QZ3V5X7Y9A1B3C5F: left out: Supabase needs an e-mail address\n"),
        "{said}"
    );

    let (lines, said) = run("django");
    let users: Vec<Value> = lines.lines().map(parse).collect();
    let passwords: Vec<&Value> = users.iter().map(|user| &user["fields"]["password"]).collect();
    assert_eq!(
        passwords,
        [
            &json!(format!("argon2{ARGON2}")),
            &json!(format!("bcrypt${BCRYPT}")),
            &json!("!")
        ]
    );
    assert!(
        said.starts_with("user 01KAS8M1E0QZ3V5X7Y9A1B3C5D: without the scopes, since auth.user has none\n"),
        "{said}"
    );
}
