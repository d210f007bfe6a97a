//! The embedded engine, seen by a client over HTTP.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod data;
mod server;
mod table;
mod web_pages;

use dynamodb::Engine;
use reqwest::StatusCode;
use sam_template::Template;
use serde_json::{Value, json};

const TABLES: &str = "
Resources:
  UsersTable:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: email, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: by_email
          KeySchema: [{AttributeName: email, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
      TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}
      StreamSpecification: {StreamViewType: KEYS_ONLY}
";

fn template() -> Template {
    Template::parse(TABLES).unwrap()
}

async fn call(engine: &Engine, operation: &str, body: Value) -> (StatusCode, Value) {
    request(engine, &format!("DynamoDB_20120810.{operation}"), body).await
}

async fn request(engine: &Engine, target: &str, body: Value) -> (StatusCode, Value) {
    let response = reqwest::Client::new()
        .post(engine.endpoint())
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", target)
        .header("x-amz-date", "20300101T000000Z")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/20300101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=b",
        )
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let status = response.status();
    (
        status,
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap(),
    )
}

async fn put(engine: &Engine, pk: &str) -> (StatusCode, Value) {
    let request = json!({
        "TableName": "UsersTable",
        "Item": {"pk": {"S": pk}},
        "ConditionExpression": "attribute_not_exists(pk)",
    });
    call(engine, "PutItem", request).await
}

async fn get(engine: &Engine, pk: &str) -> Value {
    let request = json!({"TableName": "UsersTable", "Key": {"pk": {"S": pk}}, "ConsistentRead": true});
    let (status, response) = call(engine, "GetItem", request).await;
    assert_eq!(status, StatusCode::OK);
    response["Item"].clone()
}
