//! The tables of a template.

use serde_json::{Map, Value};

use crate::TemplateError;
use crate::document::{Document, Resource};
use crate::intrinsic;

/// The properties that have the same form in CloudFormation and in DynamoDB's `CreateTable`, and that the engine supports.
/// Backups, encryption and deletion protection have no effect on it.
const PROPERTIES: [(&str, &str); 6] = [
    ("AttributeDefinitions", "Properties/AttributeDefinitions"),
    ("BillingMode", "Properties/BillingMode"),
    ("GlobalSecondaryIndexes", "Properties/GlobalSecondaryIndexes"),
    ("KeySchema", "Properties/KeySchema"),
    ("LocalSecondaryIndexes", "Properties/LocalSecondaryIndexes"),
    ("ProvisionedThroughput", "Properties/ProvisionedThroughput"),
];

const TIME_TO_LIVE: &str = "Properties/TimeToLiveSpecification";

const STREAM: &str = "Properties/StreamSpecification";

/// An `AWS::DynamoDB::Table`.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The logical id, which is also the table's name in the embedded engine.
    pub logical_id: String,
    /// The body of the `CreateTable` request for this table, named after its logical id.
    pub create_table: Value,
    /// The attribute with the time (seconds since 1970) at which an item expires, if the table has one.
    pub time_to_live: Option<String>,
}

pub(crate) fn tables(document: &Document) -> Result<Vec<Table>, TemplateError> {
    document
        .resources_of_type("AWS::DynamoDB::Table")
        .map(|resource| table(document, resource))
        .collect()
}

fn table(document: &Document, resource: Resource<'_>) -> Result<Table, TemplateError> {
    resource.require("Properties/KeySchema")?;
    resource.require("Properties/AttributeDefinitions")?;
    let mut request = Map::new();
    request.insert("TableName".to_owned(), Value::from(resource.logical_id));
    for (name, property) in PROPERTIES {
        if let Some(value) = resource.get(property) {
            request.insert(name.to_owned(), known(document, resource, property, value)?);
        }
    }
    if let Some(value) = resource.get(STREAM) {
        request.insert(
            "StreamSpecification".to_owned(),
            stream(document, resource, value)?,
        );
    }
    Ok(Table {
        logical_id: resource.logical_id.to_owned(),
        create_table: Value::Object(request),
        time_to_live: time_to_live(document, resource)?,
    })
}

/// Returns a stream's specification as `CreateTable` has it: in CloudFormation, one that is there is enabled.
fn stream(document: &Document, resource: Resource<'_>, value: &Value) -> Result<Value, TemplateError> {
    match known(document, resource, STREAM, value)? {
        Value::Object(mut specification) => {
            specification.insert("StreamEnabled".to_owned(), Value::Bool(true));
            Ok(Value::Object(specification))
        }
        _ => Err(resource.unreadable(STREAM, "a mapping with `StreamViewType`")),
    }
}

fn time_to_live(document: &Document, resource: Resource<'_>) -> Result<Option<String>, TemplateError> {
    let Some(value) = resource.get(TIME_TO_LIVE) else {
        return Ok(None);
    };
    let specification = known(document, resource, TIME_TO_LIVE, value)?;
    // `Enabled` from a parameter is the text `true`.
    let enabled = specification
        .get("Enabled")
        .is_some_and(|value| *value == true || *value == "true");
    let attribute = specification.get("AttributeName").and_then(Value::as_str);
    match (enabled, attribute) {
        (true, Some(attribute)) => Ok(Some(attribute.to_owned())),
        (true, None) => {
            Err(resource.unreadable(TIME_TO_LIVE, "a mapping with `AttributeName` and `Enabled`"))
        }
        (false, _) => Ok(None),
    }
}

fn known(
    document: &Document,
    resource: Resource<'_>,
    property: &'static str,
    value: &Value,
) -> Result<Value, TemplateError> {
    intrinsic::literal(document, value)
        .ok_or_else(|| resource.unreadable(property, "literal, or made of parameters that have a default"))
}
