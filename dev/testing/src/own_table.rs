//! A table of one test's own: on an engine that starts with the test, or on the one that `DYNAMODB_ENDPOINT` names.
//!
//! With that variable the tests show the same of another engine (`.ci/engines`). Its tables are left behind, since it is in memory
//! and ends with the run.

use std::time::Duration;

use dynamodb::Engine;
use sam_template::Template;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::env::process_variable;
use shared::random;

use crate::table::Table;

/// How long an engine may take to make a table.
const LONGEST: Duration = Duration::from_secs(30);

/// The template's table, empty, for as long as this value lives.
#[derive(Debug)]
pub struct OwnTable {
    table: Table,
    /// Kept: the embedded engine stops with it.
    _engine: Option<Engine>,
}

impl OwnTable {
    /// Makes it.
    ///
    /// # Panics
    ///
    /// If the engine does not start, or refuses the table.
    pub async fn make() -> Self {
        let template = Template::of_this_project().unwrap();
        match process_variable("DYNAMODB_ENDPOINT").filter(|endpoint| !endpoint.is_empty()) {
            Some(endpoint) => Self::at(&endpoint, &template).await,
            None => Self::embedded(&template),
        }
    }

    /// Where the engine is.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.table.endpoint()
    }

    /// The table, past the store.
    #[must_use]
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
        // Many tests at once use one engine, so each has a name that no other has.
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
