//! What the figures rest on besides measurements.

use crate::inputs::Inputs;
use crate::prices::Price;
use crate::table::{percent, table, whole};

pub(super) fn assumptions(inputs: &Inputs) -> String {
    let assumed = &inputs.assumed;
    let (lambda, waiting) = (&assumed.lambda, &assumed.waiting_ms);
    let memory: Vec<_> = assumed
        .memory_mb
        .iter()
        .map(|(name, mb)| format!("`{name}` {mb}"))
        .collect();
    let rows = [
        ("a full core", format!("comes with {} MB, by Lambda's documentation; below it, the share is in proportion", lambda.full_core_mb)),
        ("an arm64 core", "is as quick as the x86_64 one of the measurement".to_owned()),
        ("time on a full core", "holds the in-memory engine's work too, which on AWS is not the function's: an upper bound".to_owned()),
        ("memory of the functions, in MB", format!("{}; a test compares those that are in `template.yaml`", memory.join(", "))),
        ("a read of the table", format!("waits {} ms; reads come one after the other", waiting.read)),
        ("a transaction", format!("waits {} ms", waiting.transaction)),
        ("cold starts", format!("{} of the invocations, {} ms billed for each, whatever the memory; each of `token` asks for the secret once, each of `me` and `well-known` reads the key set", percent(lambda.cold_share), lambda.cold_ms)),
        ("the stack", format!("{} secret, {} alarms, {} dashboard; a test compares those that are in `template.yaml`, and the others are a plan", assumed.stack.secrets, assumed.stack.alarms, assumed.stack.dashboards)),
        ("log lines", format!("Lambda's own, {} bytes an invocation after the documentation's examples (`{}`); kept for {} days at {} of their size", inputs.measured.log_bytes.invocation, inputs.measured.log_bytes.command, assumed.stack.log_retention_days, assumed.storage.log_compression)),
        ("storage", format!("{} bytes for each item on top of its own; point-in-time recovery is on", assumed.storage.item_overhead_bytes)),
        ("answers", "go to the internet, as large as on HTTP/1.1 without the gateway's own headers; a deployment's issuer makes a token some bytes longer; each is below 512 KB, so the gateway counts one request".to_owned()),
        ("log-ins", "succeed at once and rewrite no hash".to_owned()),
    ]
    .map(|(what, is)| vec![what.to_owned(), is]);
    format!("## Assumptions\n\n{}", table(&["what", "is"], false, &rows))
}

pub(super) fn price_list(inputs: &Inputs) -> String {
    let rows: Vec<_> = inputs.prices.all().into_iter().map(price_row).collect();
    format!(
        "## List prices

Of {}, in {}. \"Known as of\" is how old the knowledge is: the pages were not asked when this was written.

{}",
        inputs.prices.region,
        inputs.prices.currency,
        table(&["price", "amount", "for", "known as of", "page"], false, &rows)
    )
}

fn price_row(price: &Price) -> Vec<String> {
    let then: String = price
        .then
        .iter()
        .map(|step| format!("; above {}: {}", whole(step.above), step.usd))
        .collect();
    vec![
        price.title.clone(),
        format!("{}{then}", price.usd),
        format!("{} × {}", whole(price.per), price.unit),
        price.as_of.clone(),
        format!("<{}>", price.source),
    ]
}
