//! The embedded engine, seen by a client over HTTP.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use dynamodb::{Engine, EngineError};
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

#[tokio::test]
async fn two_engines_in_memory_share_no_data() {
    let (one, other) = (
        Engine::in_memory(&template()).unwrap(),
        Engine::in_memory(&template()).unwrap(),
    );
    put(&one, "a").await;
    assert_eq!(get(&one, "a").await, json!({"pk": {"S": "a"}}));
    assert_eq!(get(&other, "a").await, Value::Null);
}

#[tokio::test]
async fn an_engine_in_a_file_keeps_its_data_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dynamodb.sqlite");
    let engine = Engine::in_file(&file, &template(), 0).unwrap();
    put(&engine, "a").await;
    engine.stop().await;
    let engine = Engine::in_file(&file, &template(), 0).unwrap();
    assert_eq!(get(&engine, "a").await, json!({"pk": {"S": "a"}}));
}

#[tokio::test]
async fn a_stopped_engine_frees_its_port_even_with_clients_connected() {
    // Another program of this machine may be given a port that is free for a moment, so one attempt of some must succeed.
    for attempt in 1.. {
        let engine = Engine::in_memory(&template()).unwrap();
        let port = engine.port();
        // This client keeps its connection open after the response.
        let client = reqwest::Client::new();
        client.get(engine.endpoint()).send().await.unwrap();
        engine.stop().await;
        let again = Engine::in_memory_on(&template(), port).and_then(|again| {
            assert_eq!(again.endpoint(), format!("http://127.0.0.1:{port}"));
            drop(again);
            Engine::in_memory_on(&template(), port)
        });
        match again {
            Ok(_) => return,
            Err(error) => assert!(attempt < 5, "{error}"),
        }
    }
}

#[tokio::test]
async fn a_stopped_engine_leaves_no_connection_open() {
    let engine = Engine::in_memory(&template()).unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", engine.port())).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    // The first byte of the response shows that the connection is served; it would stay open for more requests.
    client.read_exact(&mut [0]).unwrap();
    engine.stop().await;
    client.read_to_end(&mut Vec::new()).unwrap();
}

/// Sends a request as it stands, and returns the whole response in lower case; empty where none comes.
fn raw(port: u16, request: &str) -> String {
    let mut response = Vec::new();
    // Another test's engine may have stopped since its port was found.
    let Ok(mut client) = TcpStream::connect(("127.0.0.1", port)) else {
        return String::new();
    };
    client.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let _sent = client.write_all(request.as_bytes());
    let _closed_or_silent = client.read_to_end(&mut response);
    String::from_utf8(response).unwrap().to_lowercase()
}

#[test]
fn a_web_page_is_refused_by_its_origin_or_its_host() {
    let engine = Engine::in_memory(&template()).unwrap();
    let scan = "content-type: application/x-amz-json-1.0\r\nx-amz-target: DynamoDB_20120810.Scan\r\nx-amz-date: 20300101T000000Z\r\n\
        authorization: AWS4-HMAC-SHA256 Credential=a/20300101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=b\r\n";
    let body = r#"{"TableName":"UsersTable"}"#;
    let request = |method: &str, target: &str, headers: &str| {
        let request = format!(
            "{method} {target} HTTP/1.1\r\n{headers}{scan}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        raw(engine.port(), &request)
    };
    let own = format!("host: 127.0.0.1:{}\r\n", engine.port());
    for host in [
        own.as_str(),
        "host: localhost:1\r\n",
        "Host: LOCALHOST\r\n",
        "host: 127.8.9.10\r\n",
        "host: [::1]:8000\r\n",
    ] {
        let response = request("POST", "/", host);
        assert!(
            response.starts_with("http/1.1 200 ") && response.contains("\"count\":0"),
            "{host}: {response}"
        );
        assert!(!response.contains("access-control"), "{host}: {response}");
    }
    let refused = [
        ("/", format!("{own}origin: https://evil.example\r\n")),
        ("/", format!("{own}origin: null\r\n")),
        (
            "/",
            format!("{own}origin: http://127.0.0.1:{}\r\n", engine.port()),
        ),
        ("/", "host: evil.example:8000\r\n".to_owned()),
        ("/", "host: localhost.evil.example\r\n".to_owned()),
        ("/", "host: 127.0.0.1.evil.example\r\n".to_owned()),
        ("/", "host: 128.0.0.1\r\n".to_owned()),
        ("/", "host:\r\n".to_owned()),
        ("/", String::new()),
        ("/", format!("{own}host: evil.example\r\n")),
        ("/", format!("{own}{own}")),
        ("http://evil.example/", own.clone()),
    ];
    for (target, headers) in refused {
        for method in ["POST", "GET", "OPTIONS"] {
            let response = request(method, target, &headers);
            assert!(
                response.starts_with("http/1.1 403 "),
                "{method} {target} {headers}: {response}"
            );
            assert!(
                !response.contains("access-control"),
                "{method} {target} {headers}: {response}"
            );
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_port_of_the_engine_serves_a_web_page() {
    let engine = Engine::in_memory(&template()).unwrap();
    // Once it responds, all its ports are there.
    raw(
        engine.port(),
        "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    );
    let sockets: Vec<String> = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|target| {
            Some(
                target
                    .to_str()?
                    .strip_prefix("socket:[")?
                    .trim_end_matches(']')
                    .to_owned(),
            )
        })
        .collect();
    // State 0A is LISTEN; the address is hexadecimal, and the tenth column is the socket's number.
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let ports: Vec<u16> = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|columns| columns[3] == "0A" && sockets.iter().any(|socket| socket == columns[9]))
        .map(|columns| u16::from_str_radix(&columns[1][9..], 16).unwrap())
        .collect();
    assert!(ports.len() > 1, "the engine's own port was not found");
    for port in ports {
        let response = raw(
            port,
            "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\norigin: https://evil.example\r\nconnection: close\r\n\r\n",
        );
        assert!(
            response.is_empty() || response.starts_with("http/1.1 403 "),
            "{port}: {response}"
        );
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_the_engine_to_the_others() {
    let engine = Engine::in_memory(&template()).unwrap();
    for _ in 0..20 {
        let mut client = TcpStream::connect(("127.0.0.1", engine.port())).unwrap();
        client
            .write_all(
                b"POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
            )
            .unwrap();
        drop(client);
    }
    assert_eq!(put(&engine, "a").await.0, StatusCode::OK);
}

#[test]
fn the_error_of_a_port_in_use_names_the_port() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Engine::in_memory_on(&template(), port).unwrap_err();
    assert!(
        matches!(error, EngineError::PortTaken { port: named } if named == port),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        format!("port {port} is taken by another program")
    );
}

#[test]
fn the_error_of_a_data_file_without_a_folder_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing").join("dynamodb.sqlite");
    let error = Engine::in_file(&file, &template(), 0).unwrap_err();
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
}

#[test]
fn a_file_that_is_not_a_database_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dynamodb.sqlite");
    std::fs::write(
        &file,
        "this text is longer than a hundred bytes, and no database begins with it. ".repeat(9),
    )
    .unwrap();
    let error = Engine::in_file(&file, &template(), 0).unwrap_err();
    assert!(
        matches!(error, EngineError::File { ref path, .. } if *path == file),
        "{error:?}"
    );
}

#[test]
fn a_file_whose_table_differs_from_the_template_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dynamodb.sqlite");
    drop(Engine::in_file(&file, &template(), 0).unwrap());
    let changed = Template::parse(&TABLES.replace("pk", "id")).unwrap();
    let error = Engine::in_file(&file, &changed, 0).unwrap_err();
    assert!(
        matches!(error, EngineError::TableDiffers { ref logical_id } if logical_id == "UsersTable"),
        "{error:?}"
    );
    let changed = Template::parse(&TABLES.replace("by_email", "by_mail")).unwrap();
    assert!(matches!(
        Engine::in_file(&file, &changed, 0),
        Err(EngineError::TableDiffers { .. })
    ));
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

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_data_files() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::in_file(&folder.path().join("dynamodb.sqlite"), &template(), 0).unwrap();
    put(&engine, "a").await;
    let files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    // The database and its write-ahead log at least.
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o077,
            0,
            "{}",
            file.display()
        );
    }
}

#[tokio::test]
async fn no_request_leaves_the_engine_broken_for_the_others() {
    let engine = Engine::in_memory(&template()).unwrap();
    // HTTP/2 in clear text, and heads that another server behind this port may reject.
    let mut heads = vec![b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()];
    for length in [8_000, 65_000, 417_000] {
        let mut head = b"GET /zz HTTP/1.1\nHost:localhost\n".to_vec();
        head.extend(b"date:\n".repeat(90));
        head.extend(b"authorization:");
        head.extend(b"a".repeat(length));
        head.extend(b"\n\n");
        heads.push(head);
    }
    for head in heads {
        let mut stream = TcpStream::connect(("127.0.0.1", engine.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        // It may close the connection before all is written.
        let _refused = stream.write_all(&head);
        let _closed = stream.read(&mut [0; 1024]);
        put(&engine, "a").await;
    }
}
