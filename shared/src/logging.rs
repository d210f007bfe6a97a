//! Log lines, as Lambda's advanced logging controls ask for them, with the field names of Powertools
//! (<https://docs.aws.amazon.com/powertools/python/latest/core/logger/#standard-structured-keys>).

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use lambda_http::Request;
use lambda_http::http::header::USER_AGENT;
use lambda_http::lambda_runtime::Context;
use serde_json::{Map, Value, json};
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, UtcTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::clock::Clock;
use crate::env::{Env, EnvError, SERVICE_NAME, process_variable};
use crate::events::METRICS;
use crate::http::{client, request};

/// The most detailed level. Below it, the SDK and Lambda's runtime log whole requests, with passwords, tokens and hashes. The
/// manifest takes those lines out of the binaries, too; this holds where a dependency's feature brings them back.
const MOST_DETAILED: LevelFilter = LevelFilter::INFO;

/// The namespace of the metrics. Their dimension `function_name` tells stacks apart.
const NAMESPACE: &str = "Latchkey";

/// The name of the file of `cargo dev`'s log in the folder where it keeps its data.
pub const LOG_FILE: &str = "log.jsonl";

/// How much of a `User-Agent` is logged or kept, in bytes: enough to tell one device from another.
const USER_AGENT_MAX_BYTES: usize = 64;

type Fields = Map<String, Value>;

static SERVICE: OnceLock<String> = OnceLock::new();

/// Whether this execution environment has had an invocation.
static WARM: AtomicBool = AtomicBool::new(false);

tokio::task_local! {
    static INVOCATION: Fields;
    static REQUEST: Fields;
}

/// Sends log lines to standard output and logs panics.
///
/// `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL` are Lambda's
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>). A line without a `timestamp` of RFC
/// 3339 has the level INFO there, whatever its `level` says, so a filter on WARN drops it.
pub fn init() {
    init_with(None);
}

/// Does the same, and sends each line to a file, too, in the format of Lambda, whatever the variables say.
pub fn init_with_file(file: File) {
    init_with(Some(file));
}

fn init_with(file: Option<File>) {
    let is_json =
        process_variable("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
    let level = process_variable("AWS_LAMBDA_LOG_LEVEL").and_then(|level| level.parse().ok());
    let json = || JsonLines {
        function_name: process_variable("AWS_LAMBDA_FUNCTION_NAME"),
    };
    let text = fmt::layer().with_target(false).with_timer(UtcTime::rfc_3339());
    tracing_subscriber::registry()
        .with(level.unwrap_or(MOST_DETAILED).min(MOST_DETAILED))
        .with((!is_json).then_some(text))
        .with(is_json.then(|| fmt::layer().event_format(json())))
        .with(file.map(|file| fmt::layer().event_format(json()).with_writer(Mutex::new(file))))
        .init();
    log_panics_without_their_message();
}

/// Sends the events of a command to standard error, since its result is on standard output. Lines of the SDK are left out: where it finds
/// credentials is no event.
pub fn init_for_commands() {
    let lines = fmt::layer()
        .with_target(false)
        .with_timer(UtcTime::rfc_3339())
        .with_writer(std::io::stderr)
        .with_filter(filter_fn(|line| line.target().starts_with("shared")));
    tracing_subscriber::registry().with(lines).init();
    log_panics_without_their_message();
}

/// Reads the name of the service, which lines have from then on.
///
/// # Errors
///
/// None today: any text is a name.
pub fn name_service(env: &Env<'_>) -> Result<(), EnvError> {
    let name = env.get(&SERVICE_NAME)?;
    // The first one stays: a process has one environment.
    SERVICE.get_or_init(|| name);
    Ok(())
}

/// Runs an invocation of Lambda, whose lines have its ids and whether it is the environment's first.
pub async fn in_invocation<T>(context: &Context, invocation: impl Future<Output = T>) -> T {
    let mut fields = Fields::new();
    fields.insert(
        "cold_start".to_owned(),
        json!(!WARM.swap(true, Ordering::Relaxed)),
    );
    fields.insert("function_request_id".to_owned(), json!(context.request_id));
    // `Root=1-…;Parent=…;Sampled=…`, of which the root is the trace's id.
    let trace = context.xray_trace_id.as_deref().unwrap_or_default();
    if let Some(root) = trace
        .split(';')
        .find_map(|part| part.trim().strip_prefix("Root="))
    {
        fields.insert("xray_trace_id".to_owned(), json!(root));
    }
    INVOCATION.scope(fields, invocation).await
}

/// Handles a request, whose lines say where it comes from.
pub async fn in_request<T>(origin: Origin, handled: impl Future<Output = T>) -> T {
    REQUEST.scope(origin.0, handled).await
}

/// Where a request comes from.
pub struct Origin(Fields);

impl Origin {
    /// Reads the gateway's id, the client's network and the beginning of its `User-Agent`.
    pub fn of(request: &Request) -> Self {
        let mut fields = Fields::new();
        fields.insert("request_id".to_owned(), json!(request::id(request)));
        fields.insert("network".to_owned(), json!(client::network(request).as_str()));
        if let Some(user_agent) = user_agent(request) {
            fields.insert("user_agent".to_owned(), json!(user_agent));
        }
        Self(fields)
    }
}

/// Returns the beginning of a request's `User-Agent`.
pub fn user_agent(request: &Request) -> Option<String> {
    let value = request.headers().get(USER_AGENT)?;
    let text = String::from_utf8_lossy(value.as_bytes());
    Some(text[..text.floor_char_boundary(USER_AGENT_MAX_BYTES)].to_owned()).filter(|text| !text.is_empty())
}

/// Writes a line as one flat JSON object.
struct JsonLines {
    function_name: Option<String>,
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> std::fmt::Result {
        let mut line = Fields::new();
        event.record(&mut Recorder(&mut line));
        for context in [&INVOCATION, &REQUEST] {
            // Outside of an invocation or a request there is none.
            let _ = context.try_with(|fields| line.extend(fields.clone()));
        }
        let mut timestamp = String::new();
        UtcTime::rfc_3339().format_time(&mut Writer::new(&mut timestamp))?;
        line.insert("timestamp".to_owned(), json!(timestamp));
        line.insert("level".to_owned(), json!(event.metadata().level().as_str()));
        line.insert("service".to_owned(), json!(SERVICE.get()));
        self.add_metric(&mut line);
        writeln!(writer, "{}", Value::Object(line))
    }
}

impl JsonLines {
    /// Makes a line of one of [`METRICS`] a metric as well, in the embedded metric format
    /// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
    fn add_metric(&self, line: &mut Fields) {
        let event = line.get("event").and_then(Value::as_str).unwrap_or_default();
        let (Some(metric), Some(function)) = (
            METRICS.into_iter().find(|metric| *metric == event),
            &self.function_name,
        ) else {
            return;
        };
        let directive = json!({
            "Namespace": NAMESPACE,
            "Dimensions": [["service", "function_name"]],
            "Metrics": [{"Name": metric, "Unit": "Count"}],
        });
        let time = Clock::system().millis();
        line.insert("function_name".to_owned(), json!(function));
        line.insert(metric.to_owned(), json!(1));
        line.insert(
            "_aws".to_owned(),
            json!({"Timestamp": time, "CloudWatchMetrics": [directive]}),
        );
    }
}

struct Recorder<'a>(&'a mut Fields);

impl Visit for Recorder<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), json!(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0
            .insert(field.name().to_owned(), json!(format!("{value:?}")));
    }
}

/// Logs panics by their place alone: a message can quote the value that caused the panic, which may be a secret.
fn log_panics_without_their_message() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}
