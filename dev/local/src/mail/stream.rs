//! The table's stream as Lambda's event source reads it: the keys of the mails that were put into the outbox, in order.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::config::Builder;
use aws_sdk_dynamodbstreams::types::{OperationType, Record, ShardIteratorType};
use serde_json::{Value, json};
use shared::aws::{self, Caller, TimeOuts};
use shared::env::{AWS_ENDPOINT_URL_DYNAMODB, Env};
use shared::function;

use crate::Dynamodb;

const TIME_OUTS: TimeOuts = TimeOuts {
    connect: Duration::from_secs(1),
    attempt: Duration::from_secs(5),
    operation: Duration::from_secs(10),
};

/// The stream of a table.
pub(super) struct Stream {
    client: Client,
    table: String,
    /// The shards that have no record any more.
    finished: HashSet<String>,
}

/// A shard and where it is read on.
pub(super) struct Reader {
    shard: String,
    iterator: Option<String>,
}

impl Stream {
    /// Creates the client; sends nothing.
    pub(super) fn connect(dynamodb: &Dynamodb) -> Result<Self, function::StartError> {
        let env =
            Env::new(|name| (name == AWS_ENDPOINT_URL_DYNAMODB.name).then(|| dynamodb.endpoint.clone()));
        let caller = Caller {
            credentials: None,
            region: None,
            time_outs: TIME_OUTS,
        };
        let config = aws::config_of(&env, &AWS_ENDPOINT_URL_DYNAMODB, caller)?;
        Ok(Self {
            client: Client::from_conf(Builder::from(&config).build()),
            table: dynamodb.table_name.clone(),
            finished: HashSet::new(),
        })
    }

    /// Returns a reader of each shard from its oldest record on, which are of 24 hours: what was sent since is not in the outbox any more.
    /// None where the table has no stream.
    pub(super) async fn readers(&self) -> Result<Vec<Reader>, String> {
        let listed = self.client.list_streams().table_name(&self.table).send().await;
        let listed = listed.map_err(|error| aws::message(&error))?;
        let streams = listed.streams();
        let Some(arn) = streams.first().and_then(|stream| stream.stream_arn()) else {
            return Ok(Vec::new());
        };
        let described = self.client.describe_stream().stream_arn(arn).send().await;
        let described = described.map_err(|error| aws::message(&error))?;
        let shards = described.stream_description.and_then(|stream| stream.shards);
        let mut readers = Vec::new();
        for shard in shards.unwrap_or_default() {
            let shard = shard.shard_id.unwrap_or_default();
            if self.finished.contains(&shard) {
                continue;
            }
            let request = self.client.get_shard_iterator().stream_arn(arn).shard_id(&shard);
            let request = request.shard_iterator_type(ShardIteratorType::TrimHorizon);
            let found = request.send().await.map_err(|error| aws::message(&error))?;
            let iterator = found.shard_iterator;
            readers.push(Reader { shard, iterator });
        }
        Ok(readers)
    }

    /// Reads on, and returns the records of mails in the format of Lambda's event; `None` at the end of the shard.
    pub(super) async fn next(&mut self, reader: &mut Reader) -> Result<Option<Vec<Value>>, String> {
        let Some(iterator) = reader.iterator.take() else {
            self.finished.insert(reader.shard.clone());
            return Ok(None);
        };
        let request = self.client.get_records().shard_iterator(iterator);
        let page = request.send().await.map_err(|error| aws::message(&error))?;
        reader.iterator = page.next_shard_iterator;
        let records = page.records.unwrap_or_default();
        Ok(Some(records.iter().filter_map(of_mail).collect()))
    }
}

/// Returns a record that the filter of the template's event source lets through: one of a mail that was put into the outbox.
fn of_mail(record: &Record) -> Option<Value> {
    let change = record.dynamodb.as_ref()?;
    let key = |name: &str| change.keys.as_ref()?.get(name)?.as_s().ok();
    let (pk, sk) = (key("pk")?, key("sk")?);
    let is_of_mail = record.event_name == Some(OperationType::Insert) && sk == "mail";
    is_of_mail.then(|| {
        json!({
            "eventName": "INSERT",
            "dynamodb": {
                "Keys": {"pk": {"S": pk}, "sk": {"S": sk}},
                "SequenceNumber": change.sequence_number,
            },
        })
    })
}
