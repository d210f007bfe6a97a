//! How keys are made, listed and ended.

use std::path::Path;

use futures_util::future::join_all;
use shared::api_keys::{ApiKey, IssuedKey};
use shared::label::Label;
use shared::passwords::StoredHash;
use shared::users::Standing;
use testing::fault_proxy::Fault;
use testing::runtime_api::{check_lines, events, run};

use super::text::secret;
use super::*;

#[tokio::test]
async fn a_list_is_one_request_and_a_new_key_or_an_end_one_more() {
    let fixture = Fixture::new().await;
    let named = json!({"name": "laptop"});
    let first = fixture.make(named.clone()).await;
    // There is no item yet.
    assert_eq!(
        fixture.operations(),
        ["GetItem", "TransactWriteItems", "TransactWriteItems"]
    );
    let read = ["BatchGetItem"];
    for (what, event, status, requests) in [
        (
            "another",
            create(&named),
            201,
            &["GetItem", "TransactWriteItems"][..],
        ),
        ("an invalid one", create(&json!({})), 422, &["GetItem"]),
        ("a list", list(), 200, &read),
        ("an unknown one", end(UNKNOWN), 404, &read),
        ("no id", end("x"), 404, &read),
        ("an empty id", end(""), 404, &read),
        ("a long id", end(&"x".repeat(9_000)), 404, &read),
        ("an end", end(&first.id), 204, &["BatchGetItem", "UpdateItem"]),
        ("after the end", end(&first.id), 404, &read),
    ] {
        let answer = fixture.send(event).await;
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        assert_eq!(fixture.operations(), requests, "{what}");
    }
    for event in [create(&named), list(), end(&first.id)] {
        let answer = call(&fixture.api_keys, event.bearer(&first.text)).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (401, &json!("invalid_token"))
        );
    }
    assert_eq!(fixture.operations(), [""; 0], "a key is no token here");
}

#[tokio::test]
async fn a_01_a_key_is_shown_once_and_stands_in_the_table_as_a_hash_alone() {
    let fixture = Fixture::new().await;
    fixture.grant(&["links:read", "links:write"]).await;
    let body = json!({"name": "laptop", "scopes": ["links:write", "links:read"], "expires_in": 60});
    let answer = fixture.send(create(&body)).await;
    let key = answer.body["key"].as_str().unwrap();
    let id = answer.body["id"].as_str().unwrap();
    let prefix = format!("lk_{}_{id}_", fixture.user);
    assert!(key.starts_with(&prefix), "{key}");
    let mut shown = json!({
        "id": id, "name": "laptop", "prefix": prefix, "scopes": ["links:read", "links:write"],
        "created_at": at(0), "expires_at": at(60), "last_used_at": null,
    });
    assert_eq!(fixture.listed().await, [shown.clone()]);
    shown["key"] = json!(key);
    assert_eq!((answer.status, &answer.body), (201, &shown));
    let item = fixture.item().await;
    let stored = item["keys"]["M"][id]["M"].as_object().unwrap();
    let members: Vec<&str> = stored.keys().map(String::as_str).collect();
    assert_eq!(members, ["created_at", "expires_at", "hash", "name", "scopes"]);
    assert!(stored["hash"]["B"].as_str().unwrap().len() == 44 && !item.to_string().contains(secret(key)));
    let table = fixture.deployment.table();
    let user = table.item(&format!("user#{}", fixture.user), "user").await;
    assert!(!user.to_string().contains(id), "a log-in does not read it");
}

#[tokio::test]
async fn a_user_has_at_most_50_keys_and_those_that_expired_make_room() {
    let fixture = Fixture::new().await;
    // At once, too, while there is no item yet.
    let short = json!({"name": "short", "expires_in": 60});
    join_all((0..2).map(|_| fixture.make(short.clone()))).await;
    for _ in 0..43 {
        fixture.make(json!({"name": "long"})).await;
    }
    let named = json!({"name": "at once"});
    let answers = join_all((0..10).map(|_| fixture.send(create(&named)))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        5,
        "{statuses:?}"
    );
    let full = answers.iter().find(|answer| answer.status != 201).unwrap();
    assert_eq!(
        (full.status, &full.body["detail"]),
        (409, &json!("A user has at most 50 API keys"))
    );
    fixture.time.pass(59);
    assert_eq!(fixture.send(create(&named)).await.status, 409);
    assert_eq!(fixture.listed().await.len(), 50);
    fixture.time.pass(1);
    assert_eq!(fixture.send(create(&named)).await.status, 201);
    let listed = fixture.listed().await;
    assert_eq!(listed.len(), 49);
    assert!(
        listed[0]["created_at"] == at(60) && listed[1]["created_at"] == at(0),
        "the newest first"
    );
    assert!(!listed.iter().any(|key| key["name"] == "short"));
}

#[tokio::test]
async fn a_lost_response_changes_neither_the_result_nor_the_response() {
    let fixture = Fixture::new().await;
    let first = fixture.make(json!({"name": "first"})).await;
    fixture
        .proxy
        .script_for("TransactWriteItems", [Fault::HangUpAfterWrite]);
    let second = fixture.make(json!({"name": "second"})).await;
    let ids: Vec<Value> = fixture
        .listed()
        .await
        .iter()
        .map(|key| key["id"].clone())
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.contains(&json!(first.id)) && ids.contains(&json!(second.id)));
    fixture.proxy.script_for("UpdateItem", [Fault::HangUpAfterWrite]);
    assert_eq!(fixture.send(end(&first.id)).await.status, 204);
    assert_eq!(fixture.listed().await.len(), 1);
}

#[tokio::test]
async fn no_key_is_created_for_a_caller_who_is_no_longer_one() {
    let fixture = Fixture::new().await;
    let (users, table) = (fixture.deployment.users().await, fixture.deployment.table());
    let user = UserId::known(fixture.user.clone());
    let created = async |standing: Standing<'_>| {
        let issued = IssuedKey::generate(&fixture.user, UNKNOWN).unwrap();
        let name = Label::parse("laptop".to_owned()).unwrap();
        let key = ApiKey::new(name, Scopes::default(), &issued, fixture.time.now(), None);
        users
            .create_api_key(&user, standing, UNKNOWN, &key, &[])
            .await
            .unwrap()
    };
    assert!(!created(Standing::Session("ended")).await);
    table.set(&fixture.user, "disabled", json!({"BOOL": true})).await;
    assert!(!created(Standing::Session(SESSION)).await);
    table.set(&fixture.user, "disabled", json!({"BOOL": false})).await;
    let sub = format!("user#{}", fixture.user);
    let item = table.item(&sub, "user").await;
    table.delete(&sub, "user").await;
    assert!(!created(Standing::Session(SESSION)).await, "the user was deleted");
    assert!(fixture.item().await.is_null());
    table.put(item).await;
    assert!(created(Standing::Session(SESSION)).await);
    // A log-in without a session, and the password that an operator set meanwhile.
    let log_in = Standing::Generation(0);
    assert!(created(log_in).await);
    assert!(
        users
            .reset_password(&user, &StoredHash::from_store(String::new()))
            .await
            .unwrap()
    );
    assert!(!created(log_in).await);
    assert!(created(Standing::Generation(1)).await);
}

#[tokio::test]
async fn a_deletion_of_the_user_ends_the_keys_in_the_same_transaction() {
    let fixture = Fixture::new().await;
    let key = fixture.make(json!({"name": "laptop"})).await;
    let users = fixture.deployment.users().await;
    let found = users.find(&fixture.user, shared::users::Wanted::None).await;
    let user = found.unwrap().unwrap().user;
    assert!(!users.delete(&user, Standing::Session("ended")).await.unwrap());
    assert_eq!(fixture.use_key(&key.text).await.status, 200);
    assert!(users.delete(&user, Standing::Session(SESSION)).await.unwrap());
    assert!(fixture.item().await.is_null());
    assert_eq!(fixture.use_key(&key.text).await.status, 401);
}

#[tokio::test]
async fn a_session_that_ended_makes_no_key_and_lists_none() {
    let fixture = Fixture::new().await;
    fixture
        .deployment
        .table()
        .set(&fixture.user, "sessions", json!({"M": {}}))
        .await;
    for event in [create(&json!({"name": "laptop"})), list(), end(UNKNOWN)] {
        assert_eq!(fixture.send(event).await.status, 401);
    }
}

#[tokio::test]
async fn n_17_at_the_most_detailed_level_no_line_holds_a_secret() {
    let (fixture, output, texts) = logged("TRACE").await;
    let secrets: Vec<&str> = texts.iter().map(|text| secret(text)).collect();
    let token = fixture.token_of(&fixture.user);
    let (_, signature) = token.rsplit_once('.').unwrap();
    check_lines(
        &output,
        &[&secrets[..], &["johndoe", "laptop", signature]].concat(),
    );
}

#[tokio::test]
async fn n_18_each_act_leaves_one_event_without_secrets() {
    let (_, output, _) = logged("INFO").await;
    assert_eq!(events(&output), ["ApiKeyCreated", "ApiKeyEnded"], "{output}");
}

/// Runs the binary through a life of a key. Returns its lines and the keys.
async fn logged(level: &str) -> (Fixture, String, Vec<String>) {
    let fixture = Fixture::at(Clock::system().now().unix()).await;
    let made = fixture.make(json!({"name": "laptop"})).await;
    let token = fixture.token_of(&fixture.user);
    let named = json!({"name": "laptop"});
    let sent = [
        create(&named).bearer(&token),
        create(&json!({})).bearer(&token),
        list().bearer(&token),
        list().bearer(&made.text),
        end(&made.id).bearer(&token),
        end(&made.id).bearer(&token),
    ];
    let sent = sent.map(|event| event.value().clone());
    let deployment = &fixture.deployment;
    let mut variables = deployment.variables().clone();
    for (name, value) in [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", level)] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    let done = run(Path::new(env!("CARGO_BIN_EXE_api-keys")), &variables, &sent).await;
    assert_eq!(done.statuses(), [201, 422, 200, 401, 204, 404]);
    let body: Value = serde_json::from_str(done.responses[0]["body"].as_str().unwrap()).unwrap();
    let texts = vec![made.text, body["key"].as_str().unwrap().to_owned()];
    (fixture, done.output, texts)
}
