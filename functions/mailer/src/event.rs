//! What Lambda's event source mapping of a DynamoDB stream sends, and what it expects in return
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>).

use serde::{Deserialize, Serialize};
use shared::mail::Outbox;

/// A batch of records of one shard, in order. Of each, the members alone that are needed here are read.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Clone, Debug, Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    event_name: String,
    dynamodb: Change,
}

#[derive(Clone, Debug, Deserialize)]
struct Change {
    #[serde(rename = "Keys")]
    keys: Keys,
    #[serde(rename = "SequenceNumber")]
    sequence_number: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Keys {
    pk: Text,
    sk: Text,
}

#[derive(Clone, Debug, Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

impl Event {
    /// Returns the ids of the mails that were put into the outbox, each with its record's sequence number. The event source filters, too;
    /// another record is none of a mail.
    pub(crate) fn mails(&self) -> impl Iterator<Item = (&str, &str)> {
        self.records
            .iter()
            .filter(|record| record.event_name == "INSERT")
            .filter_map(|record| {
                let Change {
                    keys,
                    sequence_number,
                } = &record.dynamodb;
                Some((Outbox::id_of(&keys.pk.text, &keys.sk.text)?, &**sequence_number))
            })
    }
}

/// What became of a batch: `batchItemFailures`, empty where all of it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The record to begin with at the next try.
    #[serde(rename = "batchItemFailures")]
    pub failures: Vec<Failure>,
}

/// A record that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Its sequence number.
    #[serde(rename = "itemIdentifier")]
    pub sequence_number: String,
}

impl Outcome {
    pub(crate) fn failed_at(sequence_number: &str) -> Self {
        Self {
            failures: vec![Failure {
                sequence_number: sequence_number.to_owned(),
            }],
        }
    }
}
