//! Creates the tables of the template.

use std::collections::BTreeMap;

use dynoxide::Database;
use dynoxide::DynoxideError;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::update_table::UpdateTableRequest;
use dynoxide::actions::update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest};
use serde_json::{Value, json};

use super::EngineError;
use sam_template::Table;

/// Creates the table if it does not exist, and refuses an existing one of another shape: the functions would not find its
/// items under their keys. An existing one without the template's stream gets it, as by a deployment.
pub(super) fn ensure(database: &Database, table: &Table) -> Result<(), EngineError> {
    let refused = |reason: String| EngineError::Table {
        logical_id: table.logical_id.clone(),
        reason,
    };
    let described = DescribeTableRequest {
        table_name: table.logical_id.clone(),
    };
    match database.describe_table(described) {
        Ok(found) => {
            let found = serde_json::to_value(found.table).map_err(|error| refused(error.to_string()))?;
            if shape(&found) != shape(&table.create_table) {
                return Err(EngineError::TableDiffers {
                    logical_id: table.logical_id.clone(),
                });
            }
            let stream = &table.create_table["StreamSpecification"];
            if stream.is_object() && found["StreamSpecification"]["StreamEnabled"] != true {
                let request = json!({"TableName": table.logical_id, "StreamSpecification": stream});
                let request: UpdateTableRequest =
                    serde_json::from_value(request).map_err(|error| refused(error.to_string()))?;
                database
                    .update_table(request)
                    .map_err(|error| refused(error.to_string()))?;
            }
        }
        Err(DynoxideError::ResourceNotFoundException(_)) => {
            let request: CreateTableRequest = serde_json::from_value(table.create_table.clone())
                .map_err(|error| refused(error.to_string()))?;
            database
                .create_table(request)
                .map_err(|error| refused(error.to_string()))?;
        }
        Err(error) => return Err(refused(error.to_string())),
    }
    if let Some(attribute) = &table.time_to_live {
        let time_to_live_specification = TimeToLiveSpecification {
            attribute_name: attribute.clone(),
            enabled: true,
        };
        let request = UpdateTimeToLiveRequest {
            table_name: table.logical_id.clone(),
            time_to_live_specification,
        };
        database
            .update_time_to_live(request)
            .map_err(|error| refused(error.to_string()))?;
    }
    Ok(())
}

/// Returns the table's key, and the name and key of each index. The rest of a description does not matter here.
fn shape(table: &Value) -> BTreeMap<&str, &Value> {
    ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"]
        .into_iter()
        .filter_map(|kind| table[kind].as_array())
        .flatten()
        .filter_map(|index| Some((index["IndexName"].as_str()?, &index["KeySchema"])))
        // No index has the empty name.
        .chain([("", &table["KeySchema"])])
        .collect()
}
