//! The table: whether it is there, its key schema, and the expiry of its items.

use aws_sdk_dynamodb::types::{
    KeyType, ScalarAttributeType, TableDescription, TableStatus, TimeToLiveDescription, TimeToLiveStatus,
};
use shared::table::Table;

use super::check::Check;

const UNREACHABLE: &str = "is it the right region and --table (the stack's output TableName)? Of a running `cargo dev`: the right --endpoint?";
const EXPIRY: &str = "expires_at";

/// Checks table and expiry, and returns whether the table could be reached.
pub(super) async fn checks(table: &Table) -> (Vec<Check>, bool) {
    let name = table.name();
    let described = table.client().describe_table().table_name(name).send().await;
    let schema = match described {
        Ok(described) => schema(name, described.table.as_ref()),
        Err(error) => {
            let failed = Check::failed("table", "dynamodb:DescribeTable", &error, UNREACHABLE);
            if failed.is_wrong() {
                return (vec![failed, Check::not_checked("expiry", "see above")], false);
            }
            failed
        }
    };
    let expiry = table
        .client()
        .describe_time_to_live()
        .table_name(name)
        .send()
        .await;
    let expiry = match expiry {
        Ok(described) => time_to_live(name, described.time_to_live_description.as_ref()),
        Err(error) => Check::failed("expiry", "dynamodb:DescribeTimeToLive", &error, UNREACHABLE),
    };
    (vec![schema, expiry], true)
}

fn schema(name: &str, table: Option<&TableDescription>) -> Check {
    let status = table.and_then(|table| table.table_status.as_ref());
    if !matches!(status, Some(TableStatus::Active | TableStatus::Updating)) {
        let status = status.map_or("unknown", TableStatus::as_str);
        return Check::wrong(
            "table",
            format!("the status of {name} is {status}"),
            format!("aws dynamodb wait table-exists --table-name {name}"),
        );
    }
    let keys = table.map_or(&[][..], TableDescription::key_schema);
    let types = table.map_or(&[][..], TableDescription::attribute_definitions);
    let is_text = |name: &str| {
        let of_name = types.iter().find(|kind| kind.attribute_name == name);
        of_name.is_some_and(|kind| kind.attribute_type == ScalarAttributeType::S)
    };
    let is_right = |(key, (name, kind)): (&aws_sdk_dynamodb::types::KeySchemaElement, (&str, KeyType))| {
        key.attribute_name == name && key.key_type == kind && is_text(name)
    };
    let expected = [("pk", KeyType::Hash), ("sk", KeyType::Range)];
    if keys.len() == expected.len() && keys.iter().zip(expected).all(is_right) {
        return Check::right("table", format!("{name} is active, its key is pk and sk"));
    }
    Check::wrong(
        "table",
        format!("the key of {name} is not the partition key pk and the sort key sk, both of text"),
        "name the table of the stack's output TableName by --table; the key of a table cannot be changed (docs/data.md)",
    )
}

fn time_to_live(name: &str, found: Option<&TimeToLiveDescription>) -> Check {
    let status = found.and_then(|found| found.time_to_live_status.as_ref());
    let attribute = found.and_then(|found| found.attribute_name.as_deref());
    let is_on = matches!(
        status,
        Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
    );
    if is_on && attribute == Some(EXPIRY) {
        return Check::right("expiry", format!("items leave by {EXPIRY}"));
    }
    Check::wrong(
        "expiry",
        format!("no item of {name} leaves by {EXPIRY}, so that old counters stay"),
        format!(
            "aws dynamodb update-time-to-live --table-name {name} --time-to-live-specification Enabled=true,AttributeName={EXPIRY}"
        ),
    )
}
