//! Log lines, as Lambda's advanced logging controls ask for them.

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::time::UtcTime;

use crate::env::process_variable;

/// The most detailed level. Below it, the SDK and Lambda's runtime log whole requests, with passwords, tokens and hashes. The
/// manifest takes those lines out of the binaries, too; this holds where a dependency's feature brings them back.
const MOST_DETAILED: LevelFilter = LevelFilter::INFO;

/// Sends log lines to standard output and logs panics.
///
/// `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL` are Lambda's
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>). A line without a `timestamp` of RFC
/// 3339 has the level INFO there, whatever its `level` says, so a filter on WARN drops it.
pub fn init() {
    let is_json =
        process_variable("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
    let level = process_variable("AWS_LAMBDA_LOG_LEVEL").and_then(|level| level.parse().ok());
    let lines = tracing_subscriber::fmt()
        .with_target(false)
        .with_max_level(level.unwrap_or(MOST_DETAILED).min(MOST_DETAILED))
        .with_timer(UtcTime::rfc_3339());
    if is_json {
        lines.json().init();
    } else {
        lines.init();
    }
    log_panics_without_their_message();
}

/// Logs panics by their place alone: a message can quote the value that caused the panic, which may be a secret.
fn log_panics_without_their_message() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}
