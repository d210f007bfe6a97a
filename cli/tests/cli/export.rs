//! `latchkey export`.

use std::io;

use serde_json::{Value, json};
use testing::deployment::Deployment;

use crate::command;
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
async fn an_export_that_no_one_reads_to_its_end_is_no_error() {
    let deployment = Deployment::without_keys().await;
    import(&deployment, &[], &lines(&users()));
    for options in [&[][..], &["--for", "keycloak"]] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut unread = command(&deployment, &[&["export"], options].concat());
        let unread = unread.stdout(writer).output().unwrap();
        assert!(unread.status.success(), "{unread:?}");
        assert!(!text(&unread.stderr).contains("error"), "{unread:?}");
    }
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

/// Hashes that moved in. How each moves out: as Django's password, where `=` is the text itself and `!` is none, and by Keycloak's algorithm.
const MOVED_IN: [(&str, &str, Option<&str>); 14] = [
    (
        "pbkdf2_sha256$1000$m9y9NMga3aqduYcF8yVXdq$6XsC2QudQJrm+9uALl/w7fLWLYEh9L4D8pa0b1jB6XY=",
        "=",
        Some("pbkdf2-sha256"),
    ),
    (
        "pbkdf2_sha1$1000$I2C5SjfpDrqwbcpbPMs8Zz$EOOPJOobzD5Nq8iXhko+66yVaE8=",
        "=",
        Some("pbkdf2"),
    ),
    (
        "scrypt$16384$JdMTcJ1Mgyd8xzfL7J7bjA$8$5$cAm73sLUl7BSVKLTY+EXmeAPrgnjzcdtQKcfinhY3i7sQK6Rq73INU7rRpzvPIbPR1PsaI3YMJANktJhOnSsVA==",
        "=",
        None,
    ),
    (
        "argon2$argon2id$v=19$m=1024,t=2,p=8$Q01CcjB6NlQxME1qRUFId1dhZjhmRg$hS0TrJDBpU5vTnIezOA/tWDw9osOeV/Ng+ovbSjY4Pk",
        "=",
        Some("argon2"),
    ),
    (
        "bcrypt$$2b$04$Y2E2KRCFkbYBciM7qDzvGOxxJ0AJyHu/PiA0LsnJV4Ha2zkCe0NGK",
        "=",
        None,
    ),
    (
        "bcrypt_sha256$$2b$04$nm5tryocPEfd1J7l/Ey0XOaIuL0kSOfvttqKxJrkeA/FePzDZ1IYq",
        "=",
        None,
    ),
    // Longer than Django's column.
    (
        "$argon2id$v=19$m=1024,t=1,p=1$c2l4dGVlbiBieXRlcyBhYg$eVi00x/reBPo1MnxmtZsFppbHuWNTEWa9+Am1LtfjD4i3swmtzl992rNK4scJTh3e6X8rDfO0BC+LPoEW2C3/A",
        "!",
        Some("argon2"),
    ),
    (
        "pbkdf2:sha1:1000$CMfx9j2BcjilfpNE$95f571501e5c4431f3bd74476ea26a37d82e3d45",
        "pbkdf2_sha1$1000$CMfx9j2BcjilfpNE$lfVxUB5cRDHzvXRHbqJqN9guPUU=",
        Some("pbkdf2"),
    ),
    // A salt that is text, and an output of two blocks.
    (
        "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0$GacV8oEzUl3KM0Mwey9yrMcTPKpkL4jXrFpbKB8oOnLhcla78+YDpOQa9T/lEfzx08q6OL2pAX3pBBPrTK4SzA",
        "pbkdf2_sha256$1000$saltsaltsalt$GacV8oEzUl3KM0Mwey9yrMcTPKpkL4jXrFpbKB8oOnI=",
        Some("pbkdf2-sha256"),
    ),
    // An output that is shorter than Django's; a salt with the sign that separates, and one that is no text.
    (
        "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0$GacV8oEzUl3KM0Mwey9yrMcTPKo",
        "!",
        Some("pbkdf2-sha256"),
    ),
    (
        "$pbkdf2-sha1$i=1000$c2FsdCRzYWx0$fkxeCmieP+Qt5rSZDAibkXGbDks",
        "!",
        Some("pbkdf2"),
    ),
    (
        "$pbkdf2-sha512$1000$IGQshXCuVQqh1BojJESIcQ$Qv9EWCz5.0h2W1cbvVUr6q.uoKYuvWS641fHZ4yFVF/IbUiXrY9JKQWrinyoT41BLobhLuBR8PiERF1BFE9RKw",
        "!",
        Some("pbkdf2-sha512"),
    ),
    (
        "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
        "!",
        Some("pbkdf2-sha512"),
    ),
    (
        "$wp$2y$04$Nt2fi7H6p92whAC4cjHqkuWvGK4aIsFOY.9DsF3ksMPrFlQxCwdkq",
        "!",
        None,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn hashes_that_moved_in_move_out_to_the_systems_that_verify_them() {
    let deployment = Deployment::without_keys().await;
    let id = |index: usize| format!("01KAS8M1E0QZ3V5X7Y9A1B3C{index:02}");
    let rows = MOVED_IN.iter().enumerate().map(|(index, (hash, ..))| {
        json!({"id": id(index), "email": format!("user{index}@example.com"), "password_hash": hash})
    });
    let imported = import(&deployment, &[], &lines(&rows.collect::<Vec<_>>()));
    is_done(&imported, "rows: 14, new: 14, there already: 0, refused: 0");
    let run = |system: &str, lost: usize| {
        let exported = export(&deployment, &["--for", system]);
        let said = text(&exported.stderr).lines().last().unwrap().to_owned();
        let expected = format!("error: users exported: 14, not whole or left out: {lost}");
        assert_eq!(said, expected, "{system}");
        text(&exported.stdout).to_owned()
    };
    let parse = |text: &str| -> Value { serde_json::from_str(text).unwrap() };

    let django = run("django", 6);
    for (line, (hash, expected, _)) in django.lines().zip(MOVED_IN) {
        let expected = if expected == "=" { hash } else { expected };
        assert_eq!(parse(line)["fields"]["password"], expected);
    }

    let keycloak = parse(&run("keycloak", 4));
    let mut credentials = Vec::new();
    for (user, (hash, _, algorithm)) in keycloak["users"].as_array().unwrap().iter().zip(MOVED_IN) {
        let credential = &user["credentials"][0];
        let data = credential["credentialData"].as_str().map(parse);
        let written = data.as_ref().and_then(|data| data["algorithm"].as_str());
        assert_eq!(written, algorithm, "{hash}");
        if !credential.is_null() {
            credentials.push(credential.clone());
        }
    }
    // A user who comes back from there has the same credential in the next export.
    let rows: Vec<Value> = credentials
        .iter()
        .enumerate()
        .map(|(index, credential)| json!({"id": id(index), "username": format!("user{index}"), "password_hash": credential.to_string()}))
        .collect();
    let second = Deployment::without_keys().await;
    is_done(
        &import(&second, &[], &lines(&rows)),
        "rows: 10, new: 10, there already: 0, refused: 0",
    );
    let again = parse(text(&export(&second, &["--for", "keycloak"]).stdout));
    let users = again["users"].as_array().unwrap().iter();
    assert_eq!(
        users
            .map(|user| user["credentials"][0].clone())
            .collect::<Vec<_>>(),
        credentials
    );

    let supabase = run("supabase", 11);
    let written = supabase.lines().map(|line| parse(line)["password_hash"].clone());
    let written: Vec<Value> = written.filter(|hash| !hash.is_null()).collect();
    let argon2 = MOVED_IN[3].0.trim_start_matches("argon2");
    let bcrypt = MOVED_IN[4].0.trim_start_matches("bcrypt$$");
    assert_eq!(written, [argon2, &format!("${bcrypt}"), MOVED_IN[6].0]);
}
