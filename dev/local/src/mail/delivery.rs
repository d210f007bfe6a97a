//! The function `mailer` as Lambda's event source mapping calls it: with batches of the stream's records, again from the one that failed.

use std::time::Duration;

use mailer::{Event, Mailer};
use serde_json::{Value, json};
use shared::function::Function;

use super::mailbox::Mailbox;
use super::stream::{Reader, Stream};
use crate::functions::Settings;
use crate::{Dynamodb, StartError};

/// How long the stream is left alone after it had no record. Lambda reads it four times a second.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a mail that failed waits.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// How often a mail is tried; it keeps those behind it. At the next start it is tried again.
const ATTEMPTS: u32 = 10;
/// The most records of a batch, as in the template.
const BATCH: usize = 10;

/// The delivery of the mails in the outbox.
pub(crate) struct Delivery {
    stream: Stream,
    mailer: Mailer<Mailbox>,
    /// How long one invocation may take.
    timeout: Duration,
}

impl Delivery {
    /// Starts the function `mailer` with the mailbox in the place of SES.
    pub(crate) async fn start<O: Fn(&str) -> Option<String> + Send + Sync>(
        settings: &Settings<'_, O>,
        dynamodb: &Dynamodb,
        mailbox: Mailbox,
    ) -> Result<Self, StartError> {
        let env = settings.env(Mailer::NAME)?;
        let mailer = Mailer::with_transport(&env, settings.clock, mailbox).await?;
        mailer.read_key().await?;
        Ok(Self {
            stream: Stream::connect(dynamodb)?,
            mailer,
            timeout: settings.declared(Mailer::NAME)?.timeout,
        })
    }

    /// Delivers until it is stopped.
    pub(crate) async fn run(mut self) {
        loop {
            let readers = match self.stream.readers().await {
                Ok(readers) if readers.is_empty() => {
                    tracing::warn!("the table has no stream: no mail is sent");
                    return;
                }
                Ok(readers) => self.follow(readers).await,
                Err(why) => Err(why),
            };
            if let Err(why) = readers {
                tracing::warn!(why, "the table's stream could not be read");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }

    /// Delivers until a shard ends, whose successors are to be found.
    async fn follow(&mut self, mut readers: Vec<Reader>) -> Result<(), String> {
        loop {
            let mut is_idle = true;
            for reader in &mut readers {
                let Some(records) = self.stream.next(reader).await? else {
                    return Ok(());
                };
                is_idle &= records.is_empty();
                for batch in records.chunks(BATCH) {
                    self.deliver(batch).await;
                }
            }
            if is_idle {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn deliver(&self, mut batch: &[Value]) {
        let mut attempts = 0;
        while !batch.is_empty() {
            let Some(failed) = self.invoke(batch).await else {
                return;
            };
            if failed > 0 {
                attempts = 0;
            }
            attempts += 1;
            batch = batch.get(failed..).unwrap_or_default();
            if attempts < ATTEMPTS {
                tokio::time::sleep(RETRY_PAUSE).await;
            } else {
                tracing::error!("a mail is given up until the next start");
                attempts = 0;
                batch = batch.get(1..).unwrap_or_default();
            }
        }
    }

    /// Calls the function, and returns the index of the record that failed.
    async fn invoke(&self, batch: &[Value]) -> Option<usize> {
        let event: Event = match serde_json::from_value(json!({"Records": batch})) {
            Ok(event) => event,
            // Its records have neither addresses nor tokens, and are not there again at another try.
            Err(error) => {
                tracing::error!(%error, records = batch.len(), "the table's stream has records that cannot be read");
                return None;
            }
        };
        let Ok(outcome) = tokio::time::timeout(self.timeout, self.mailer.handle(&event)).await else {
            return Some(0);
        };
        let failure = outcome.failures.first()?;
        let is_failed =
            |record: &Value| record["dynamodb"]["SequenceNumber"] == failure.sequence_number.as_str();
        batch.iter().position(is_failed).or(Some(0))
    }
}
