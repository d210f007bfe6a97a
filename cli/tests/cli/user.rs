//! `latchkey user`: what it writes, shows and refuses. `dev.rs` has what that means for clients.

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use testing::deployment::Deployment;
use testing::fault_proxy::FaultProxy;

use crate::{PASSWORD, command, is_error, latchkey, logged, objects, piped, printed};

/// Creates a user and returns the command's output.
fn create(deployment: &Deployment, options: &[&str], password: &[u8]) -> Output {
    let create = ["user", "create", "--password-stdin"];
    piped(command(deployment, &[&create, options].concat()), password)
}

async fn item(deployment: &Deployment, id: &str) -> Value {
    deployment.table().item(&format!("user#{id}"), "user").await
}

/// Puts what a user with an API key and a session has.
async fn used(deployment: &Deployment, id: &str) {
    let keys = json!({"pk": {"S": format!("api-keys#{id}")}, "sk": {"S": "api-keys"}, "keys": {"M": {}}});
    deployment.table().put(keys).await;
    deployment
        .table()
        .set(id, "sessions", json!({"M": {"01": {"M": {}}}}))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_named_in_three_ways_and_shown_without_the_hash() {
    let deployment = Deployment::without_keys().await;
    let names = [
        "--username",
        "JohnDoe",
        "--email",
        "john@Example.com",
        "--full-name",
        "John Doe",
    ];
    let created = create(&deployment, &names, b"correct horse battery\n");
    let id = printed(&created).trim().to_owned();
    assert!(logged(&created, "Registered"), "{created:?}");
    let hash = item(&deployment, &id).await["password_hash"]["S"].take();
    assert!(
        hash.as_str()
            .unwrap()
            .starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
    for named in [&*id, "johndoe", "JOHN@example.com"] {
        let shown = latchkey(&deployment, &["user", "show", named, "--output", "json"]);
        let [mut user] = objects(&shown).try_into().unwrap();
        assert_eq!(user["created_at"].take(), user["updated_at"].take());
        let expected = json!({"id": id, "username": "JohnDoe", "email": "john@Example.com", "full_name": "John Doe", "website": null,
                              "email_verified": false, "disabled": false, "created_at": null, "updated_at": null, "scopes": []});
        assert_eq!(user, expected, "{named}");
    }
    let table = printed(&latchkey(&deployment, &["user", "show", "johndoe"]));
    assert!(
        table.contains("full_name       John Doe\n") && !table.contains("argon2"),
        "{table}"
    );
    for nobody in ["", "nobody", "@", "01M8HZZZZZZZZZZZZZZZZZZZZZ"] {
        is_error(
            &latchkey(&deployment, &["user", "show", nobody]),
            1,
            "no user has this",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_comes_before_a_username_that_looks_like_one() {
    let deployment = Deployment::without_keys().await;
    let id = deployment.user("johndoe", PASSWORD).await;
    printed(&create(&deployment, &["--username", &id], PASSWORD.as_bytes()));
    let [shown] = objects(&latchkey(&deployment, &["user", "show", &id, "--output", "json"]))
        .try_into()
        .unwrap();
    assert_eq!(shown["username"], "johndoe");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_registration_refuses_is_refused_and_nothing_is_written() {
    let deployment = Deployment::without_keys().await;
    deployment.user("taken", PASSWORD).await;
    let before = deployment.table().count().await;
    let (good, long) = (PASSWORD, "x".repeat(5000));
    for (options, password, code, said) in [
        (&["--full-name", "John"][..], good, 2, "--username"),
        (&["--username", "john doe"], good, 1, "--username: Only letters"),
        (
            &["--email", "john"],
            good,
            1,
            "--email: Must be an e-mail address",
        ),
        (
            &["--username", "john", "--website", "x"],
            good,
            1,
            "--website: Must be an absolute",
        ),
        (
            &["--username", "john", "--full-name", "\u{7}"],
            good,
            1,
            "--full-name: Control",
        ),
        (&["--username", "TAKEN"], good, 1, "Username already taken"),
        (
            &["--username", "john"],
            "short",
            1,
            "the password: Must have at least 8",
        ),
        (
            &["--username", "john"],
            "",
            1,
            "the password: Must have at least 8",
        ),
        (
            &["--username", "john"],
            "Password1\n",
            1,
            "the password: Is in a list",
        ),
        (
            &["--username", "johndoe"],
            "johndoe2026\n",
            1,
            "the password: Must not be made of",
        ),
        (
            &["--username", "john"],
            &long,
            1,
            "the password: Must have at most 1024 bytes",
        ),
    ] {
        is_error(&create(&deployment, options, password.as_bytes()), code, said);
    }
    let no_text = create(&deployment, &["--username", "john"], &[0xff; 8]);
    is_error(&no_text, 1, "the password on standard input cannot be read");
    is_error(
        &latchkey(&deployment, &["user", "create", "--username", "john"]),
        2,
        "--password-stdin",
    );
    assert_eq!(deployment.table().count().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_stack_the_rules_are_the_environments() {
    let deployment = Deployment::without_keys().await;
    let with = |name: &str, value: &str| {
        let arguments = ["user", "create", "--password-stdin", "--username", "johndoe"];
        let mut command = command(&deployment, &arguments);
        command.env(name, value);
        piped(command, b"four words of it")
    };
    is_error(
        &with("MIN_PASSWORD_LENGTH", "20"),
        1,
        "the password: Must have at least 20",
    );
    is_error(
        &with("MIN_PASSWORD_LENGTH", "x"),
        1,
        "MIN_PASSWORD_LENGTH must be",
    );
    let id = printed(&with("ARGON2_MEMORY_KIB", "7168")).trim().to_owned();
    let hash = item(&deployment, &id).await["password_hash"]["S"].take();
    assert!(hash.as_str().unwrap().contains("$m=7168,"), "{hash}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_disabled_once_and_enabled() {
    let deployment = Deployment::without_keys().await;
    let id = deployment.user("johndoe", PASSWORD).await;
    used(&deployment, &id).await;
    for (verb, disabled, event, generation) in [
        ("disable", true, true, "1"),
        ("disable", true, false, "1"),
        ("enable", false, false, "1"),
        ("enable", false, false, "1"),
    ] {
        let done = latchkey(&deployment, &["user", verb, "johndoe"]);
        assert_eq!(printed(&done).trim(), id);
        assert_eq!(logged(&done, "Disabled"), event, "{done:?}");
        let item = item(&deployment, &id).await;
        assert_eq!(item["disabled"]["BOOL"], disabled);
        assert_eq!(item["credential_generation"]["N"], generation);
        assert_eq!(item["sessions"], json!({"M": {}}));
    }
    is_error(
        &latchkey(&deployment, &["user", "disable", "nobody"]),
        1,
        "no user has this",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_deleted_only_with_yes_also_a_disabled_one() {
    let deployment = Deployment::without_keys().await;
    let names = [
        "--username",
        "johndoe",
        "--email",
        "john@example.com",
        "--disabled",
    ];
    let id = printed(&create(&deployment, &names, PASSWORD.as_bytes()))
        .trim()
        .to_owned();
    used(&deployment, &id).await;
    is_error(&latchkey(&deployment, &["user", "delete", "johndoe"]), 2, "--yes");
    assert_eq!(deployment.table().count().await, 4);
    let deleted = latchkey(&deployment, &["user", "delete", "johndoe", "--yes"]);
    assert_eq!(printed(&deleted).trim(), id);
    assert!(logged(&deleted, "Deleted"), "{deleted:?}");
    assert_eq!(deployment.table().count().await, 0);
    is_error(
        &latchkey(&deployment, &["user", "delete", &id, "--yes"]),
        1,
        "no user has this",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_sessions_and_api_keys() {
    let deployment = Deployment::without_keys().await;
    let id = deployment.user("johndoe", PASSWORD).await;
    used(&deployment, &id).await;
    let before = item(&deployment, &id).await;
    let set = ["user", "set-password", "johndoe", "--password-stdin"];
    let refused = piped(command(&deployment, &set), b"johndoe1");
    is_error(&refused, 1, "the password: Must not be made of your names");
    assert_eq!(item(&deployment, &id).await, before);
    is_error(&latchkey(&deployment, &set[..3]), 2, "--password-stdin");
    let done = piped(command(&deployment, &set), b"another horse battery");
    assert_eq!(printed(&done).trim(), id);
    assert!(logged(&done, "PasswordChanged"), "{done:?}");
    let after = item(&deployment, &id).await;
    assert_ne!(after["password_hash"], before["password_hash"]);
    assert_eq!(after["sessions"], json!({"M": {}}));
    assert_eq!(after["credential_generation"]["N"], "1");
    assert_eq!(after["updated_at"], before["updated_at"]);
    let keys = deployment
        .table()
        .item(&format!("api-keys#{id}"), "api-keys")
        .await;
    assert!(keys.is_null(), "{keys}");
}

#[tokio::test(flavor = "multi_thread")]
async fn n_10_an_operator_starts_a_reset_by_a_mail_to_the_users_address() {
    let deployment = Deployment::without_keys().await;
    let names = ["--username", "johndoe", "--email", "john@example.com"];
    printed(&create(&deployment, &names, PASSWORD.as_bytes()));
    printed(&create(&deployment, &["--username", "jane"], PASSWORD.as_bytes()));
    printed(&latchkey(&deployment, &["user", "send-reset", "johndoe"]));
    let keys = deployment.table().partition_keys().await;
    let mails: Vec<&String> = keys.iter().filter(|key| key.starts_with("mail#")).collect();
    let [mail] = mails[..] else { panic!("{keys:?}") };
    let mail = deployment.table().item(mail, "mail").await;
    assert_eq!(mail["kind"], json!({"S": "reset-asked"}));
    assert_eq!(mail["to"], json!({"S": "john@example.com"}));
    let nowhere = latchkey(&deployment, &["user", "send-reset", "jane"]);
    is_error(&nowhere, 1, "the user has no e-mail address");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_printed_page_by_page_as_long_as_it_is_read() {
    let deployment = Deployment::without_keys().await;
    let mut ids = Vec::new();
    for number in 0..8 {
        let id = deployment.user_with_hash(&format!("user{number}"), "$").await;
        // A page of a scan has at most a megabyte.
        deployment
            .table()
            .set(&id, "padding", json!({"S": "x".repeat(350_000)}))
            .await;
        ids.push(id);
    }
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    let table = deployment.table();
    let list = |output: &[&str]| {
        let list = [
            "user",
            "list",
            "--endpoint",
            proxy.endpoint(),
            "--table",
            table.name(),
        ];
        let mut command = crate::bare(&[&list, output].concat());
        command.stdout(Stdio::piped());
        command
    };
    let mut listed: Vec<String> = objects(&list(&["--output", "json"]).output().unwrap())
        .iter()
        .map(|user| user["id"].as_str().unwrap().to_owned())
        .collect();
    listed.sort();
    ids.sort();
    assert_eq!(listed, ids);
    assert!(proxy.count("Scan") > 1, "{:?}", proxy.operations());
    let columns = printed(&list(&[]).output().unwrap());
    assert!(
        columns.starts_with("ID  ") && columns.lines().count() == 9,
        "{columns}"
    );
    // A pipe that no one reads any more.
    let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
    let pipe = reader.stdin.take().unwrap();
    reader.wait().unwrap();
    let unread = list(&[]).stdout(pipe).output().unwrap();
    assert!(unread.status.success() && unread.stderr.is_empty(), "{unread:?}");
}
