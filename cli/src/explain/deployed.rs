//! The lines of a request in the log groups of a stack.

use serde_json::Value;
use shared::clock::Clock;

use crate::aws_cli;
use crate::deployment::Deployment;

const ACTION: &str = "logs:FilterLogEvents";

/// Reads the lines, in the order of their time.
pub(super) async fn lines(deployment: &Deployment, id: &str, hours: u32) -> Result<Vec<Value>, String> {
    let Some(stack) = &deployment.stack else {
        return Ok(Vec::new());
    };
    let since = Clock::system().now().unix() - i64::from(hours) * 3600;
    let since = since.saturating_mul(1000).to_string();
    let mut events = Vec::new();
    for group in stack.log_groups().await? {
        let found = aws_cli::run(
            &[
                "logs",
                "filter-log-events",
                "--log-group-name",
                &group,
                "--start-time",
                &since,
                "--filter-pattern",
                // Quotation marks, since an id may have what the pattern's syntax reads.
                &format!("\"{id}\""),
                "--query",
                "events[].[timestamp, message]",
            ],
            "",
        );
        let found = found.map_err(|failure| format!("{group}: {}", failure.message(ACTION)))?;
        let found = found.into_iter().flat_map(|page| match page {
            Value::Array(found) => found,
            _ => Vec::new(),
        });
        events.extend(found.filter_map(|event| {
            let line = serde_json::from_str(event[1].as_str()?).ok()?;
            Some((event[0].as_i64(), line))
        }));
    }
    events.sort_by_key(|(time, _)| *time);
    Ok(events
        .into_iter()
        .map(|(_, line)| line)
        .filter(|line| super::is_of(line, id))
        .collect())
}
