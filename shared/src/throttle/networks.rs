//! The counters of a network, in windows of ten minutes: its failed log-ins, for any name, and its registrations.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::limits::WINDOW_MILLIS;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::http::client::Network;
use crate::table::item::{Item, Key, optional_number};
use crate::table::{ROUNDS, Table, contended, unavailable};

/// What is counted of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkUse {
    /// A failed log-in.
    FailedLogIn,
    /// A registration.
    Registration,
}

impl NetworkUse {
    fn sort_key(self) -> &'static str {
        match self {
            Self::FailedLogIn => "failed-log-ins",
            Self::Registration => "registrations",
        }
    }
}

/// The counters of networks of one kind, with their limit.
#[derive(Clone, Debug)]
pub struct Networks {
    table: Table,
    counts: NetworkUse,
    limit: u32,
}

/// The window of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Window {
    count: u32,
    since: i64,
}

impl Window {
    fn decode(item: Option<&Item>) -> Result<Self, Error> {
        let Some(item) = item else {
            return Ok(Self::default());
        };
        Ok(Self {
            count: optional_number(item, "uses")?.unwrap_or_default(),
            since: optional_number(item, "since")?.unwrap_or_default(),
        })
    }

    fn ends_at(self) -> i64 {
        self.since.saturating_add(WINDOW_MILLIS)
    }
}

/// What one more use writes to a counter, decided without a look at it: it stays in the window that is there, or begins one.
struct Counted {
    /// The update with its condition.
    update: &'static str,
    condition: String,
    values: HashMap<String, AttributeValue>,
}

impl Networks {
    /// Creates the counters.
    pub fn new(table: Table, counts: NetworkUse, limit: u32) -> Self {
        Self { table, counts, limit }
    }

    /// Returns the key of a network's counter.
    pub(crate) fn key(&self, network: &Network) -> Key {
        Key::new(format!("network#{network}"), self.counts.sort_key())
    }

    /// Returns until when a network is refused, by its counter; `None` where it is not.
    pub(crate) fn refused_until(&self, counter: Option<&Item>, now: i64) -> Result<Option<i64>, Error> {
        let window = Window::decode(counter)?;
        Ok((window.count >= self.limit && now < window.ends_at()).then(|| window.ends_at()))
    }

    /// Returns until when a network is refused; one read.
    pub async fn refused(&self, network: &Network, now: i64) -> Result<Option<i64>, Error> {
        let counter = self.table.get(self.key(network), &["uses", "since"]).await?;
        self.refused_until(counter.as_ref(), now)
    }

    /// Counts a use that happened; no limit applies.
    pub async fn count(&self, network: &Network, now: i64) -> Result<(), Error> {
        let mut counted = self.one_more(now, None, u32::MAX);
        for _ in 0..ROUNDS {
            let sent = self
                .table
                .client()
                .update_item()
                .table_name(self.table.name())
                .set_key(Some(self.key(network).into_item()))
                .update_expression(counted.update)
                .condition_expression(counted.condition)
                .set_expression_attribute_values(Some(counted.values))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            let Err(error) = sent else { return Ok(()) };
            let Some(UpdateItemError::ConditionalCheckFailedException(refused)) = error.as_service_error()
            else {
                return Err(unavailable(&error));
            };
            let window = Window::decode(refused.item.as_ref())?;
            counted = self.one_more(now, Some(window), u32::MAX);
        }
        Err(contended())
    }

    /// Returns the part of a transaction that counts a use, where the limit allows it: in the window of an item that came back with a
    /// refusal, or in whichever is there.
    ///
    /// # Errors
    ///
    /// [`Error::Throttled`] where the item says that the limit is reached.
    pub(crate) fn part(
        &self,
        network: &Network,
        refused: Option<&Item>,
        now: i64,
    ) -> Result<TransactWriteItem, Error> {
        if let Some(until) = self.refused_until(refused, now)? {
            return Err(Error::throttled(until, now));
        }
        let window = refused.map(|item| Window::decode(Some(item))).transpose()?;
        let counted = self.one_more(now, window, self.limit);
        let update = Update::builder()
            .table_name(self.table.name())
            .set_key(Some(self.key(network).into_item()))
            .update_expression(counted.update)
            .condition_expression(counted.condition)
            .set_expression_attribute_values(Some(counted.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| Error::internal("the store", error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn one_more(&self, now: i64, known: Option<Window>, limit: u32) -> Counted {
        let number = |number: i64| AttributeValue::N(number.to_string());
        let mut values = HashMap::from([
            (":now".to_owned(), number(now)),
            (":one".to_owned(), number(1)),
            (
                ":expires".to_owned(),
                number(Timestamp::from_millis(now.saturating_add(WINDOW_MILLIS)).unix()),
            ),
        ]);
        match known.filter(|window| window.ends_at() <= now) {
            Some(ended) => {
                values.insert(":since".to_owned(), number(ended.since));
                Counted {
                    update: "SET uses = :one, since = :now, expires_at = :expires",
                    condition: "since = :since".to_owned(),
                    values,
                }
            }
            None => {
                values.insert(":begun".to_owned(), number(now.saturating_sub(WINDOW_MILLIS)));
                let mut condition = "since > :begun".to_owned();
                if limit < u32::MAX {
                    condition += " AND uses < :limit";
                    values.insert(":limit".to_owned(), number(i64::from(limit)));
                }
                Counted {
                    update: "SET uses = if_not_exists(uses, :none) + :one, since = if_not_exists(since, :now), expires_at = :expires",
                    condition: format!("attribute_not_exists(since) OR ({condition})"),
                    values: {
                        values.insert(":none".to_owned(), number(0));
                        values
                    },
                }
            }
        }
    }
}
