//! The table of the template, its stream and its conditions.

use dynamodb::{Engine, EngineError};
use reqwest::StatusCode;
use sam_template::Template;
use serde_json::{Value, json};

use crate::{TABLES, call, get, put, request, template};

#[tokio::test]
async fn the_templates_table_exists_with_its_key_index_and_time_to_live() {
    let engine = Engine::in_memory(&template()).unwrap();
    let (_, described) = call(&engine, "DescribeTable", json!({"TableName": "UsersTable"})).await;
    assert_eq!(
        described["Table"]["KeySchema"],
        json!([{"AttributeName": "pk", "KeyType": "HASH"}])
    );
    assert_eq!(
        described["Table"]["GlobalSecondaryIndexes"][0]["IndexName"],
        "by_email"
    );
    let (_, described) = call(&engine, "DescribeTimeToLive", json!({"TableName": "UsersTable"})).await;
    assert_eq!(described["TimeToLiveDescription"]["AttributeName"], "expires_at");
    assert_eq!(described["TimeToLiveDescription"]["TimeToLiveStatus"], "ENABLED");
}

/// Returns the records of the table's stream from its beginning; empty where the table has none.
async fn records(engine: &Engine) -> Vec<Value> {
    let streams = async |operation: &str, body: Value| {
        let (status, response) =
            request(engine, &format!("DynamoDBStreams_20120810.{operation}"), body).await;
        assert_eq!(status, StatusCode::OK, "{operation}: {response}");
        response
    };
    let listed = streams("ListStreams", json!({"TableName": "UsersTable"})).await;
    let Some(stream) = listed["Streams"][0]["StreamArn"].as_str() else {
        return Vec::new();
    };
    let described = streams("DescribeStream", json!({"StreamArn": stream})).await;
    let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
    let from = json!({"StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
    let iterator = streams("GetShardIterator", from).await;
    let iterator = json!({"ShardIterator": iterator["ShardIterator"]});
    let response = streams("GetRecords", iterator).await;
    response["Records"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_tables_stream_has_the_keys_of_what_is_written() {
    let engine = Engine::in_memory(&template()).unwrap();
    put(&engine, "a").await;
    let records = records(&engine).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["eventName"], "INSERT");
    assert_eq!(records[0]["dynamodb"]["Keys"], json!({"pk": {"S": "a"}}));
    assert_eq!(records[0]["dynamodb"]["NewImage"], Value::Null);
}

#[tokio::test]
async fn a_table_from_before_its_stream_gets_it_once_and_keeps_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dynamodb.sqlite");
    let without = TABLES.replace("StreamSpecification: {StreamViewType: KEYS_ONLY}", "");
    let engine = Engine::in_file(&file, &Template::parse(&without).unwrap(), 0).unwrap();
    put(&engine, "a").await;
    assert_eq!(records(&engine).await, Vec::<Value>::new());
    engine.stop().await;
    for seen in ["b", "c"] {
        let engine = Engine::in_file(&file, &template(), 0).unwrap();
        assert_eq!(get(&engine, "a").await, json!({"pk": {"S": "a"}}));
        put(&engine, seen).await;
        let records = records(&engine).await;
        let last = records.last().unwrap();
        assert_eq!(last["dynamodb"]["Keys"], json!({"pk": {"S": seen}}));
        // The second start finds the stream of the first.
        assert_eq!(records.len(), if seen == "b" { 1 } else { 2 });
        engine.stop().await;
    }
}

#[tokio::test]
async fn the_engine_decides_a_condition() {
    let engine = Engine::in_memory(&template()).unwrap();
    assert_eq!(put(&engine, "a").await.0, StatusCode::OK);
    let (status, response) = put(&engine, "a").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        response["__type"],
        "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
    );
}

#[test]
fn the_error_of_a_table_without_a_key_names_the_table() {
    let wrong = Template::parse(&TABLES.replace("[{AttributeName: pk, KeyType: HASH}]", "[]")).unwrap();
    let error = Engine::in_memory(&wrong).unwrap_err();
    assert!(
        matches!(error, EngineError::Table { ref logical_id, .. } if logical_id == "UsersTable"),
        "{error:?}"
    );
}
