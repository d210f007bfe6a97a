//! A conditional update, put together from the parts of several decisions.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

/// The clauses of an update with their placeholders.
#[derive(Debug, Default)]
pub(super) struct Change {
    sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    /// Adds a condition.
    pub(super) fn when(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    /// Adds an assignment.
    pub(super) fn set(&mut self, assignment: impl Into<String>) {
        self.sets.push(assignment.into());
    }

    /// Removes an attribute, or a member of one.
    pub(super) fn remove(&mut self, path: impl Into<String>) {
        self.removes.push(path.into());
    }

    /// Returns the placeholder of a name.
    pub(super) fn name(&mut self, name: impl Into<String>) -> String {
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
    pub(super) fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// Returns the placeholder of a number.
    pub(super) fn number(&mut self, number: impl Into<i64>) -> String {
        self.value(AttributeValue::N(number.into().to_string()))
    }

    /// Writes the clauses into a request.
    pub(super) fn into_request(self, request: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        let mut update = String::new();
        for (verb, clauses) in [("SET", &self.sets), ("REMOVE", &self.removes)] {
            if !clauses.is_empty() {
                update += &format!("{verb} {} ", clauses.join(", "));
            }
        }
        let conditions: Vec<String> = self
            .conditions
            .iter()
            .map(|clause| format!("({clause})"))
            .collect();
        let set = |map: HashMap<String, String>| Some(map).filter(|map| !map.is_empty());
        request
            .update_expression(update)
            .set_condition_expression(Some(conditions.join(" AND ")).filter(|all| !all.is_empty()))
            .set_expression_attribute_names(set(self.names))
            .set_expression_attribute_values(Some(self.values).filter(|map| !map.is_empty()))
    }
}
