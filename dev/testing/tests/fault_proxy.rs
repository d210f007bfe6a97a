//! The faults of the proxy, seen by a client.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use dynamodb::Engine;
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

struct Reply {
    status: StatusCode,
    body: Value,
}

async fn call(endpoint: &str, operation: &str, body: Value) -> reqwest::Result<Reply> {
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
    let status = response.status();
    let body = serde_json::from_slice(&response.bytes().await?).unwrap();
    Ok(Reply { status, body })
}

async fn put(endpoint: &str) -> reqwest::Result<Reply> {
    call(
        endpoint,
        "PutItem",
        json!({"TableName": "UsersTable", "Item": {"pk": {"S": "a"}}}),
    )
    .await
}

async fn get(endpoint: &str) -> reqwest::Result<Reply> {
    let request = json!({"TableName": "UsersTable", "Key": {"pk": {"S": "a"}}, "ConsistentRead": true});
    call(endpoint, "GetItem", request).await
}

async fn transact(endpoint: &str) -> reqwest::Result<Reply> {
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
async fn a_script_precedes_a_standing_fault_and_an_operations_own_both() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    proxy.always(Fault::Status500);
    proxy.always_for("TransactWriteItems", Fault::Throttle);
    proxy.script([Fault::Pass, Fault::Throttle]);
    proxy.script_for("PutItem", [Fault::Status500]);
    let endpoint = proxy.endpoint();
    let mut statuses = vec![put(endpoint).await.unwrap().status.as_u16()];
    for _ in 0..4 {
        statuses.push(get(endpoint).await.unwrap().status.as_u16());
    }
    statuses.push(transact(endpoint).await.unwrap().status.as_u16());
    assert_eq!(statuses, [500, 200, 400, 500, 500, 400]);
    proxy.pass();
    assert_eq!(get(endpoint).await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn an_exception_has_dynamodbs_type_and_the_engine_does_not_see_the_request() {
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
        let response = put(proxy.endpoint()).await.unwrap();
        assert_eq!(response.status.as_u16(), status, "{fault:?}");
        assert_eq!(
            response.body["__type"],
            format!("com.amazonaws.dynamodb.v20120810#{kind}")
        );
    }
    assert!(!is_stored(&engine).await);
}

#[tokio::test]
async fn a_transaction_conflict_has_a_reason_for_each_item() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    proxy.script([Fault::TransactionConflict]);
    let response = transact(proxy.endpoint()).await.unwrap();
    assert_eq!(response.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        response.body["__type"],
        "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    );
    let codes: Vec<_> = response.body["CancellationReasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| &reason["Code"])
        .collect();
    assert_eq!(codes, ["TransactionConflict", "None", "None"]);
    assert!(!is_stored(&engine).await);
}

#[tokio::test]
async fn a_hang_up_loses_the_response_and_before_the_write_the_write_too() {
    let engine = engine();
    let proxy = FaultProxy::start(engine.endpoint()).await.unwrap();
    for (fault, is_written) in [(Fault::HangUpBefore, false), (Fault::HangUpAfterWrite, true)] {
        proxy.script([fault]);
        put(proxy.endpoint()).await.err().unwrap();
        assert_eq!(is_stored(&engine).await, is_written);
    }
}
