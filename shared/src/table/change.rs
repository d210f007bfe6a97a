//! A conditional write of an item, put together from the parts of several decisions.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};

use super::item::{Item, Key};
use super::{Table, unavailable};
use crate::error::Error;

/// The clauses of an update, or the condition of a deletion, with their placeholders.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    sets: Vec<String>,
    removes: Vec<String>,
    adds: Vec<String>,
    deletes: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

/// What became of a conditional write.
pub(crate) enum Written {
    /// The condition held; the item as it was before, where the write asked for it.
    Done(Option<Item>),
    /// It did not, by this item; `None` where there is none.
    Refused(Option<Item>),
}

impl Change {
    /// Adds a condition.
    pub(crate) fn when(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    /// Adds an assignment.
    pub(crate) fn set(&mut self, assignment: impl Into<String>) {
        self.sets.push(assignment.into());
    }

    /// Removes an attribute, or a member of one.
    pub(crate) fn remove(&mut self, path: impl Into<String>) {
        self.removes.push(path.into());
    }

    /// Adds members to a set; `clause` is the attribute and their placeholder.
    pub(crate) fn add(&mut self, clause: impl Into<String>) {
        self.adds.push(clause.into());
    }

    /// Removes members of a set; `clause` is the attribute and their placeholder.
    pub(crate) fn delete(&mut self, clause: impl Into<String>) {
        self.deletes.push(clause.into());
    }

    /// Returns the placeholder of a name. DynamoDB reserves some five hundred words.
    pub(crate) fn name(&mut self, name: impl Into<String>) -> String {
        let name = name.into();
        let known = self.names.iter().find(|(_, other)| **other == name);
        if let Some((placeholder, _)) = known {
            return placeholder.clone();
        }
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name);
        placeholder
    }

    /// Returns the placeholder of a value.
    pub(crate) fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// Returns the placeholder of a number.
    pub(crate) fn number(&mut self, number: impl Into<i64>) -> String {
        self.value(AttributeValue::N(number.into().to_string()))
    }

    /// Returns the placeholder of a text.
    pub(crate) fn text(&mut self, text: impl Into<String>) -> String {
        self.value(AttributeValue::S(text.into()))
    }

    /// Returns the update as a part of a transaction. Where its condition fails, the item comes back.
    pub(crate) fn into_update(self, table: &Table, key: Key) -> Result<TransactWriteItem, Error> {
        let clauses = self.clauses();
        let update = Update::builder()
            .table_name(table.name())
            .set_key(Some(key.into_item()))
            .update_expression(clauses.update)
            .set_condition_expression(clauses.condition)
            .set_expression_attribute_names(clauses.names)
            .set_expression_attribute_values(clauses.values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Returns the condition alone as a part of a transaction.
    pub(crate) fn into_check(self, table: &Table, key: Key) -> Result<TransactWriteItem, Error> {
        let clauses = self.clauses();
        let check = ConditionCheck::builder()
            .table_name(table.name())
            .set_key(Some(key.into_item()))
            .set_condition_expression(clauses.condition)
            .set_expression_attribute_names(clauses.names)
            .set_expression_attribute_values(clauses.values)
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Returns the deletion of an item, on this condition, as a part of a transaction.
    pub(crate) fn into_delete(self, table: &Table, key: Key) -> Result<TransactWriteItem, Error> {
        let clauses = self.clauses();
        let delete = Delete::builder()
            .table_name(table.name())
            .set_key(Some(key.into_item()))
            .set_condition_expression(clauses.condition)
            .set_expression_attribute_names(clauses.names)
            .set_expression_attribute_values(clauses.values)
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    fn clauses(self) -> Clauses {
        let mut update = Vec::new();
        for (verb, clauses) in [
            ("SET", &self.sets),
            ("REMOVE", &self.removes),
            ("ADD", &self.adds),
            ("DELETE", &self.deletes),
        ] {
            if !clauses.is_empty() {
                update.push(format!("{verb} {}", clauses.join(", ")));
            }
        }
        let conditions: Vec<String> = self
            .conditions
            .iter()
            .map(|clause| format!("({clause})"))
            .collect();
        Clauses {
            update: update.join(" "),
            condition: Some(conditions.join(" AND ")).filter(|all| !all.is_empty()),
            names: Some(self.names).filter(|names| !names.is_empty()),
            values: Some(self.values).filter(|values| !values.is_empty()),
        }
    }
}

/// What a request says.
struct Clauses {
    update: String,
    condition: Option<String>,
    names: Option<HashMap<String, String>>,
    values: Option<HashMap<String, AttributeValue>>,
}

impl Table {
    /// Sends a conditional update. A refused one brings the item that refused it.
    pub(crate) async fn update(&self, key: Key, change: Change) -> Result<Written, Error> {
        self.update_returning(key, change, ReturnValue::None).await
    }

    /// Sends a conditional update that brings the item as it was before.
    pub(crate) async fn replace(&self, key: Key, change: Change) -> Result<Written, Error> {
        self.update_returning(key, change, ReturnValue::AllOld).await
    }

    async fn update_returning(
        &self,
        key: Key,
        change: Change,
        returned: ReturnValue,
    ) -> Result<Written, Error> {
        let clauses = change.clauses();
        let sent = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key.into_item()))
            .update_expression(clauses.update)
            .set_condition_expression(clauses.condition)
            .set_expression_attribute_names(clauses.names)
            .set_expression_attribute_values(clauses.values)
            .return_values(returned)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match sent {
            Ok(output) => return Ok(Written::Done(output.attributes)),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Written::Refused(refused.item.clone()))
            }
            _ => Err(unavailable(&error)),
        }
    }
}

/// Maps a request that lacks a part.
pub(crate) fn incomplete(error: BuildError) -> Error {
    Error::internal("the store", error.to_string())
}
