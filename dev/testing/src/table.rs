//! The users' table over the plain DynamoDB API, as an import or an operator uses it.

use serde_json::{Value, json};
use shared::clock::Timestamp;

/// The table of an engine.
#[derive(Clone, Debug)]
pub struct Table {
    endpoint: String,
    name: String,
}

impl Table {
    /// Names a table of the engine at an endpoint.
    pub fn at(endpoint: &str, name: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Returns the engine's base URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Puts an item.
    pub async fn put(&self, item: Value) {
        self.call("PutItem", json!({"Item": item})).await;
    }

    /// Returns the item of a key, or `null`.
    pub async fn item(&self, pk: &str, sk: &str) -> Value {
        self.call("GetItem", json!({"Key": key(pk, sk)})).await["Item"].take()
    }

    /// Returns the number of items.
    pub async fn count(&self) -> u64 {
        self.call("Scan", json!({"Select": "COUNT"})).await["Count"]
            .as_u64()
            .unwrap()
    }

    /// Returns the `pk` of every item but that of the published keys, sorted.
    pub async fn partition_keys(&self) -> Vec<String> {
        let scan = json!({"ProjectionExpression": "pk", "ConsistentRead": true});
        let page = self.call("Scan", scan).await;
        let items = page["Items"].as_array().unwrap().iter();
        let mut keys: Vec<String> = items
            .map(|item| item["pk"]["S"].as_str().unwrap().to_owned())
            .filter(|key| key != "keys" && !key.starts_with("network#"))
            .collect();
        keys.sort();
        keys
    }

    /// Returns the same without mails, their tokens and the counters of addresses, which come and go as the mailer works.
    pub async fn partition_keys_but_mails(&self) -> Vec<String> {
        let mut keys = self.partition_keys().await;
        keys.retain(|key| {
            !["mail#", "mail-token#", "address#"]
                .iter()
                .any(|of_mails| key.starts_with(of_mails))
        });
        keys
    }

    /// Deletes every item but the one of the published keys.
    pub async fn clear_but_keys(&self) {
        loop {
            let scan = json!({"ProjectionExpression": "pk, sk", "ConsistentRead": true});
            let page = self.call("Scan", scan).await;
            let items = page["Items"].as_array().unwrap();
            let users: Vec<&Value> = items.iter().filter(|item| item["pk"]["S"] != "keys").collect();
            for user in &users {
                self.call("DeleteItem", json!({"Key": user})).await;
            }
            // After a deletion the next items are on the first page.
            if users.is_empty() {
                return;
            }
        }
    }

    /// Sets an attribute of a user.
    pub async fn set(&self, id: &str, attribute: &str, value: Value) {
        let body = json!({
            "Key": key(&format!("user#{id}"), "user"),
            "UpdateExpression": "SET #a = :v",
            "ExpressionAttributeNames": {"#a": attribute},
            "ExpressionAttributeValues": {":v": value},
        });
        self.call("UpdateItem", body).await;
    }

    /// Deletes an item.
    pub async fn delete(&self, pk: &str, sk: &str) {
        self.call("DeleteItem", json!({"Key": key(pk, sk)})).await;
    }

    pub(crate) async fn call(&self, operation: &str, mut body: Value) -> Value {
        body["TableName"] = json!(self.name);
        let response = reqwest::Client::new()
            .post(&self.endpoint)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                 SignedHeaders=host;x-amz-date;x-amz-target, Signature=0",
            )
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let status = response.status();
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert!(status.is_success(), "{operation}: {body}");
        body
    }
}

fn key(pk: &str, sk: &str) -> Value {
    json!({"pk": {"S": pk}, "sk": {"S": sk}})
}

/// Returns a session as a user's item has it, that was begun now and lives for these seconds. Its newest refresh token has a digest
/// that begins with this letter, in base64.
pub fn session(letter: char, now: Timestamp, seconds: i64) -> Value {
    json!({"M": {
        "token": {"B": format!("{letter}{}=", "A".repeat(42))}, "key": {"B": "AAAAAAAAAAA="}, "generation": {"N": "0"},
        "created_at": {"S": now.to_string()}, "rotated_at": {"N": (now.unix() * 1000).to_string()},
        "expires_at": {"N": (now.unix() + seconds).to_string()},
    }})
}
