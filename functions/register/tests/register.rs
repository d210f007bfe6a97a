//! What registration does to the store when the store fails, and what its variables decide. The tests of the package `local` show
//! the HTTP contract.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::time::{Duration, Instant};

use register::Register;
use serde_json::{Value, json};
use testing::deployment::{Answer, Deployment, call};
use testing::event;
use testing::fault_proxy::{Fault, FaultProxy};
use testing::runtime_api::{check_lines, events, run};

const OPERATION: &str = "TransactWriteItems";
/// The number of items of one user: the user, the markers of both names, and the JWK Set.
const ONE_USER: u64 = 5;
const NO_USER: u64 = 1;

async fn behind_proxy() -> (Deployment, FaultProxy, Register) {
    let deployment = Deployment::start().await;
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    let deployment = deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
    let function = deployment.function::<Register>().await;
    (deployment, proxy, function)
}

async fn register(function: &Register, body: Value) -> Answer {
    call(function, event::register(&body)).await
}

fn johndoe() -> Value {
    json!({"username": "johndoe", "email": "johndoe@example.com", "password": "correct horse battery"})
}

#[tokio::test]
async fn a_registration_is_one_transaction_and_reads_nothing() {
    let (_deployment, proxy, function) = behind_proxy().await;
    assert_eq!(register(&function, johndoe()).await.status, 201);
    assert_eq!(proxy.operations(), [OPERATION]);
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_is_retried_and_the_user_is_created_once() {
    for fault in [
        Fault::Status500,
        Fault::Throttle,
        Fault::TransactionConflict,
        Fault::TransactionInProgress,
        Fault::HangUpBefore,
        Fault::HangUpAfterWrite,
        Fault::Hang,
        Fault::Delay(Duration::from_millis(300)),
    ] {
        let (deployment, proxy, function) = behind_proxy().await;
        proxy.script_for(OPERATION, [fault.clone()]);
        let response = register(&function, johndoe()).await;
        assert_eq!(response.status, 201, "{fault:?}: {response:?}");
        assert_eq!(deployment.table().count().await, ONE_USER, "{fault:?}");
        assert_eq!(register(&function, johndoe()).await.status, 409, "{fault:?}");
    }
}

#[tokio::test]
async fn a_response_that_is_lost_twice_after_the_write_causes_no_409() {
    let (deployment, proxy, function) = behind_proxy().await;
    proxy.script_for(OPERATION, [Fault::HangUpAfterWrite, Fault::HangUpAfterWrite]);
    let response = register(&function, johndoe()).await;
    assert_eq!(response.status, 201, "{response:?}");
    assert_eq!(proxy.count(OPERATION), 3);
    let id = response.body["id"].as_str().unwrap();
    let item = deployment.table().item(&format!("user#{id}"), "user").await;
    assert_eq!(
        item["username"]["S"], "johndoe",
        "the user of the response is the user that is stored"
    );
}

#[tokio::test]
async fn an_unavailable_store_is_a_503_within_the_functions_time_and_leaves_no_half_user() {
    for fault in [
        Fault::Status500,
        Fault::Throttle,
        Fault::TransactionConflict,
        Fault::HangUpBefore,
        Fault::Hang,
        Fault::Delay(Duration::from_secs(5)),
    ] {
        let (deployment, proxy, function) = behind_proxy().await;
        proxy.always(fault.clone());
        let started = Instant::now();
        let response = register(&function, johndoe()).await;
        assert_eq!(response.status, 503, "{fault:?}: {response:?}");
        assert!(response.header("retry-after").parse::<u32>().unwrap() > 0);
        assert_eq!(response.header("content-type"), "application/problem+json");
        assert!(started.elapsed() < Duration::from_secs(10), "{fault:?}");
        proxy.pass();
        assert_eq!(deployment.table().count().await, NO_USER, "{fault:?}");
        assert_eq!(register(&function, johndoe()).await.status, 201, "{fault:?}");
    }
}

#[tokio::test]
async fn a_response_that_stays_lost_is_a_503_and_a_repetition_meets_the_whole_user() {
    let (deployment, proxy, function) = behind_proxy().await;
    proxy.always(Fault::HangUpAfterWrite);
    assert_eq!(register(&function, johndoe()).await.status, 503);
    proxy.pass();
    assert_eq!(deployment.table().count().await, ONE_USER);
    assert_eq!(register(&function, johndoe()).await.status, 409);
}

#[tokio::test]
async fn a_taken_name_is_not_retried() {
    let (_deployment, proxy, function) = behind_proxy().await;
    assert_eq!(register(&function, johndoe()).await.status, 201);
    proxy.reset_counts();
    assert_eq!(register(&function, johndoe()).await.status, 409);
    assert_eq!(proxy.count(OPERATION), 1);
}

#[tokio::test]
async fn the_password_is_stored_as_a_hash_alone() {
    let deployment = Deployment::start().await;
    let function = deployment.function::<Register>().await;
    let response = register(&function, johndoe()).await;
    let item = deployment
        .table()
        .item(&format!("user#{}", response.body["id"].as_str().unwrap()), "user")
        .await;
    assert!(
        item["password_hash"]["S"]
            .as_str()
            .unwrap()
            .starts_with("$argon2id$")
    );
    assert!(!item.to_string().contains("correct horse battery"));
    assert!(!response.body.to_string().contains("argon2"));
}

#[tokio::test]
async fn closed_registration_is_a_403_without_challenge_or_a_call_of_the_store() {
    let (deployment, proxy, _) = behind_proxy().await;
    let function = deployment
        .with("ENABLE_REGISTRATION", "false")
        .function::<Register>()
        .await;
    for path in ["/register", "/users"] {
        for event in [
            event::Event::new("POST", path).json(&johndoe()),
            event::Event::new("POST", path).json(&json!({"username": 1})),
            event::Event::new("POST", path).form("username=johndoe"),
        ] {
            let response = call(&function, event).await;
            assert_eq!(
                (response.status, &response.body["detail"]),
                (403, &json!("Registration is closed"))
            );
            assert_eq!(response.header("content-type"), "application/problem+json");
            assert_eq!(response.header("www-authenticate"), "");
        }
        let large = event::Event::new("POST", path).json(&json!({"username": "x".repeat(16_384)}));
        assert_eq!(call(&function, large).await.status, 413);
    }
    assert!(proxy.operations().is_empty());
}

#[tokio::test]
async fn a_reserved_username_is_invalid_in_any_spelling_and_others_are_free() {
    let deployment = Deployment::start()
        .await
        .with("RESERVED_USERNAMES", " Admin, wurzelstraße ,root");
    let function = deployment.function::<Register>().await;
    for (username, status) in [
        ("admin", 422),
        ("\u{ff21}DMIN", 422),
        ("WURZELSTRASSE", 422),
        ("root", 422),
        ("roots", 201),
        ("wurzel", 201),
    ] {
        let body = json!({"username": username, "password": "correct horse battery"});
        let response = register(&function, body).await;
        assert_eq!(response.status, status, "{username}: {response:?}");
        if status == 422 {
            let error =
                json!({"field": "username", "code": "invalid", "message": "This username is reserved"});
            assert_eq!(response.body["errors"], json!([error]), "{username}");
        }
    }
}

#[tokio::test]
async fn a_reserved_username_that_cannot_be_one_stops_the_start_and_names_the_variable() {
    for list in ["admin,a b", "admin,,root", ",", "..", "p\u{430}ypal"] {
        let deployment = Deployment::start().await.with("RESERVED_USERNAMES", list);
        let message = deployment.start_error::<Register>().await;
        assert!(
            message.starts_with("RESERVED_USERNAMES has an item that cannot be a username"),
            "{message}"
        );
        assert!(!message.contains("a b"), "{message}");
    }
}

#[tokio::test]
async fn n_17_at_the_most_detailed_level_no_line_holds_a_secret() {
    let (deployment, proxy, _) = behind_proxy().await;
    let deployment = deployment
        .with("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .with("AWS_LAMBDA_LOG_LEVEL", "TRACE");
    let binary = Path::new(env!("CARGO_BIN_EXE_register"));
    let mut malformed = event::register(&johndoe()).value().clone();
    malformed["body"] = json!("{\"password\": \"correct horse battery");
    let events = [event::register(&johndoe()).value().clone(), malformed];
    let served = run(binary, deployment.variables(), &events).await;
    assert_eq!(served.statuses(), [201, 400]);
    proxy.always(Fault::Status500);
    let failed = run(binary, deployment.variables(), &events[..1]).await;
    assert_eq!(failed.responses[0]["statusCode"], 503);
    let output = served.output + &failed.output;
    assert!(output.contains("the request failed"), "{output}");
    check_lines(&output, &["horse", "argon2", "johndoe"]);
}

#[tokio::test]
async fn n_18_each_act_leaves_one_event_without_secrets() {
    let deployment = Deployment::start().await.with("AWS_LAMBDA_LOG_FORMAT", "JSON");
    let binary = Path::new(env!("CARGO_BIN_EXE_register"));
    let deployment = deployment.with("NETWORK_REGISTRATIONS", "1");
    let registered = event::register(&johndoe()).value().clone();
    let other = json!({"username": "janedoe", "password": "correct horse battery"});
    let other = event::register(&other).value().clone();
    // The second conflicts, or meets the limit, which counts first; the last is refused without a look at the store.
    let events_sent = [registered.clone(), registered, other.clone(), other];
    let done = run(binary, deployment.variables(), &events_sent).await;
    assert_eq!(done.statuses(), [201, 429, 429, 429]);
    assert_eq!(
        events(&done.output),
        ["Registered", "Throttled", "Throttled", "Throttled"],
        "{}",
        done.output
    );
    assert_eq!(done.output.matches(r#""limit":"Registrations""#).count(), 3);
    check_lines(&done.output, &["horse", "argon2", "johndoe", "janedoe"]);
}
