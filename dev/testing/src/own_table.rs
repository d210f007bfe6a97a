//! A table of one test's own: on an engine that starts with the test, or on the one that `AWS_ENDPOINT_URL_DYNAMODB` names.
//!
//! With that variable the tests run on another engine (`.ci/engines`). The tables stay there: it is in memory and stops with the
//! run.

use std::time::Duration;

use dynamodb::Engine;
use sam_template::Template;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::env::process_variable;
use shared::random;

use crate::table::Table;

/// The longest time until an engine has created a table.
const LONGEST: Duration = Duration::from_secs(30);

/// The template's table, empty, for as long as this value lives.
#[derive(Debug)]
pub struct OwnTable {
    table: Table,
    /// Kept: the embedded engine stops with it.
    _engine: Option<Engine>,
}

impl OwnTable {
    /// Creates the table.
    pub async fn make() -> Self {
        let template = Template::of_this_project().unwrap();
        match process_variable("AWS_ENDPOINT_URL_DYNAMODB").filter(|endpoint| !endpoint.is_empty()) {
            Some(endpoint) => Self::at(&endpoint, &template).await,
            None => Self::embedded(&template),
        }
    }

    /// Returns the engine's base URL.
    pub fn endpoint(&self) -> &str {
        self.table.endpoint()
    }

    /// Returns the table, past the store.
    pub fn table(&self) -> &Table {
        &self.table
    }

    fn embedded(template: &Template) -> Self {
        let engine = Engine::in_memory(template).unwrap();
        Self {
            table: Table::at(engine.endpoint(), &template.tables()[0].logical_id),
            _engine: Some(engine),
        }
    }

    async fn at(endpoint: &str, template: &Template) -> Self {
        let definition = &template.tables()[0];
        // Many tests use one engine at once, so each table has a unique name.
        let suffix = random::ulid(Clock::system().now()).unwrap();
        let table = Table::at(endpoint, &format!("{}-{suffix}", definition.logical_id));
        table.call("CreateTable", definition.create_table.clone()).await;
        tokio::time::timeout(LONGEST, active(&table)).await.unwrap();
        if let Some(attribute) = &definition.time_to_live {
            let specification = json!({"AttributeName": attribute, "Enabled": true});
            let request: Value = json!({"TimeToLiveSpecification": specification});
            table.call("UpdateTimeToLive", request).await;
        }
        Self { table, _engine: None }
    }
}

async fn active(table: &Table) {
    while table.call("DescribeTable", json!({})).await["Table"]["TableStatus"] != "ACTIVE" {}
}
