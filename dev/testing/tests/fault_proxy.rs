//! Each fault as a client of the proxy meets it.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use dynamodb::Engine;
use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode};
use sam_template::Template;
use serde_json::{Value, json};
use testing::fault_proxy::{Fault, FaultProxy};

const TABLES: &str = "
Resources:
  UsersTable:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
";

fn engine() -> Engine {
    Engine::in_memory(&Template::parse(TABLES).unwrap()).unwrap()
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

async fn call(endpoint: &str, operation: &str, body: Value) -> reqwest::Result<Answer> {
    let response = Client::new()
        .post(endpoint)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("x-amz-date", "20300101T000000Z")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/20300101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=b",
        )
        .body(body.to_string())
        .send()
        .await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = serde_json::from_slice(&response.bytes().await?).unwrap();
    Ok(Answer {
        status,
        headers,
        body,
    })
}

async fn put(endpoint: &str) -> reqwest::Result<Answer> {
    call(
        endpoint,
        "PutItem",
        json!({"TableName": "UsersTable", "Item": {"pk": {"S": "a"}}}),
    )
    .await
}

async fn get(endpoint: &str) -> reqwest::Result<Answer> {
    let request = json!({"TableName": "UsersTable", "Key": {"pk": {"S": "a"}}, "ConsistentRead": true});
    call(endpoint, "GetItem", request).await
}

async fn transact(endpoint: &str) -> reqwest::Result<Answer> {
    let put = |pk: &str| json!({"Put": {"TableName": "UsersTable", "Item": {"pk": {"S": pk}}}});
    call(
        endpoint,
        "TransactWriteItems",
        json!({"TransactItems": [put("a"), put("b"), put("c")]}),
    )
    .await
}

async fn is_stored(engine: &Engine) -> bool {
    get(engine.endpoint()).await.unwrap().body["Item"].is_object()
}

#[tokio::test]
async fn without_a_script_the_proxy_answers_as_the_engine_does() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    put(proxy.endpoint()).await.unwrap();
    let through = get(proxy.endpoint()).await.unwrap();
    let direct = get(engine.endpoint()).await.unwrap();
    assert_eq!(through.body, json!({"Item": {"pk": {"S": "a"}}}));
    assert_eq!((through.status, through.body), (direct.status, direct.body));
    assert!(through.headers.contains_key("x-amz-crc32"));
    assert_eq!(through.headers["x-amz-crc32"], direct.headers["x-amz-crc32"]);
    assert_eq!(through.headers["content-type"], direct.headers["content-type"]);
}

#[tokio::test]
async fn a_script_is_used_up_one_request_at_a_time() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    proxy.script([Fault::Status500, Fault::Pass, Fault::Throttle]);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(get(proxy.endpoint()).await.unwrap().status.as_u16());
    }
    assert_eq!(statuses, [500, 200, 400, 200]);
}

#[tokio::test]
async fn a_script_for_one_operation_leaves_the_others_alone() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    proxy.script_for("PutItem", [Fault::Status500]);
    proxy.always_for("TransactWriteItems", Fault::Throttle);
    assert_eq!(get(proxy.endpoint()).await.unwrap().status, StatusCode::OK);
    assert_eq!(
        put(proxy.endpoint()).await.unwrap().status,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(put(proxy.endpoint()).await.unwrap().status, StatusCode::OK);
    for _ in 0..2 {
        assert_eq!(
            transact(proxy.endpoint()).await.unwrap().status,
            StatusCode::BAD_REQUEST
        );
    }
}

#[tokio::test]
async fn a_standing_fault_lasts_until_requests_shall_pass() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    proxy.always(Fault::Status500);
    for _ in 0..3 {
        assert_eq!(
            get(proxy.endpoint()).await.unwrap().status,
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }
    proxy.pass();
    assert_eq!(get(proxy.endpoint()).await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn each_request_is_counted_by_its_operation_also_the_ones_that_fail() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    proxy.script([Fault::HangUpBefore]);
    put(proxy.endpoint()).await.err().unwrap();
    put(proxy.endpoint()).await.unwrap();
    get(proxy.endpoint()).await.unwrap();
    assert_eq!(
        (
            proxy.count("PutItem"),
            proxy.count("GetItem"),
            proxy.count("Query")
        ),
        (2, 1, 0)
    );
    assert_eq!(proxy.operations(), ["PutItem", "PutItem", "GetItem"]);
    proxy.reset_counts();
    assert_eq!(proxy.count("PutItem"), 0);
}

#[tokio::test]
async fn an_error_of_the_store_has_dynamodbs_type_and_leaves_the_engine_untouched() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    for (fault, status, kind) in [
        (Fault::Status500, 500, "InternalServerError"),
        (Fault::Throttle, 400, "ProvisionedThroughputExceededException"),
        (Fault::TransactionConflict, 400, "TransactionConflictException"),
        (
            Fault::TransactionInProgress,
            400,
            "TransactionInProgressException",
        ),
    ] {
        proxy.script([fault.clone()]);
        let answer = put(proxy.endpoint()).await.unwrap();
        assert_eq!(answer.status.as_u16(), status, "{fault:?}");
        assert_eq!(
            answer.body["__type"],
            format!("com.amazonaws.dynamodb.v20120810#{kind}")
        );
    }
    assert!(!is_stored(&engine).await);
}

#[tokio::test]
async fn a_conflict_of_a_transaction_gives_a_reason_for_each_of_its_items() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    proxy.script([Fault::TransactionConflict]);
    let answer = transact(proxy.endpoint()).await.unwrap();
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        answer.body["__type"],
        "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    );
    let codes: Vec<_> = answer.body["CancellationReasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| &reason["Code"])
        .collect();
    assert_eq!(codes, ["TransactionConflict", "None", "None"]);
    assert!(!is_stored(&engine).await);
}

#[tokio::test]
async fn a_hang_up_after_the_write_loses_the_answer_and_not_the_write() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    proxy.script([Fault::HangUpAfterWrite]);
    put(proxy.endpoint()).await.err().unwrap();
    assert!(is_stored(&engine).await);
}

#[tokio::test]
async fn a_hang_up_before_leaves_nothing() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    proxy.script([Fault::HangUpBefore]);
    put(proxy.endpoint()).await.err().unwrap();
    assert!(!is_stored(&engine).await);
}

#[tokio::test]
async fn a_hanging_store_answers_nothing_and_others_do_not_wait_for_it() {
    let engine = engine();
    let proxy = Arc::new(FaultProxy::start(engine.endpoint()).await.unwrap());
    proxy.script_for("PutItem", [Fault::Hang]);
    let hanging = tokio::spawn({
        let proxy = Arc::clone(&proxy);
        async move { put(proxy.endpoint()).await }
    });
    // Once the hanging request is in, another passes it.
    while proxy.count("PutItem") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(get(proxy.endpoint()).await.unwrap().status, StatusCode::OK);
    assert!(!hanging.is_finished());
    hanging.abort();
}

#[tokio::test]
async fn a_delayed_request_is_carried_out_late() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    let delay = Duration::from_millis(40);
    proxy.script([Fault::Delay(delay)]);
    let begun = Instant::now();
    assert_eq!(put(proxy.endpoint()).await.unwrap().status, StatusCode::OK);
    assert!(begun.elapsed() >= delay);
    assert!(is_stored(&engine).await);
}
