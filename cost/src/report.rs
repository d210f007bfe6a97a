//! The document.

use crate::RENEW;
use crate::idle::{idle, idle_total};
use crate::inputs::Inputs;
use crate::load::{memory_mb, month, requests};
use crate::measured::Operation;
use crate::operation_cost::{Cost, Use, waiting_ms, warm_ms, warm_read_units, write_units};
use crate::prices::Price;
use crate::table::{money, percent, table, whole};

const MILLION: f64 = 1_000_000.0;

/// `docs/cost.md`.
pub fn document(inputs: &Inputs) -> String {
    [
        opening(inputs),
        in_short(inputs),
        per_million(inputs),
        used_up(inputs),
        idle_month(inputs),
        worked_load(inputs),
        assumptions(inputs),
        not_in_it(),
        price_list(inputs),
    ]
    .join("\n")
}

fn opening(inputs: &Inputs) -> String {
    let prices = &inputs.prices;
    format!(
        "# Cost

Computed by `{RENEW}` from [prices](../cost/prices.toml), [measurements](../cost/measured.toml) and
[assumptions](../cost/assumed.toml); a test says when this page is old. Money is {currency} at the list prices of {region}, as
written down on {date}. No free tier, discount or tax is counted. **Check the prices before you rely on a figure**: their pages are
at the end. Nothing here comes from a bill: Latchkey was not deployed for it.
",
        currency = prices.currency,
        region = prices.region,
        date = prices.date,
    )
}

fn in_short(inputs: &Inputs) -> String {
    let used = |operation| million(inputs, operation, memory_mb(inputs, operation));
    let (read, registration) = (
        used(&inputs.measured.operation.me),
        used(&inputs.measured.operation.register),
    );
    let rows: Vec<_> = inputs
        .measured
        .operation
        .all()
        .into_iter()
        .map(|operation| {
            let memory_mb = memory_mb(inputs, operation);
            let mut row = vec![
                format!("{}, `{}`", operation.title, operation.route),
                memory_mb.to_string(),
            ];
            row.extend(cost_cells(used(operation)));
            row
        })
        .collect();
    format!(
        "## A million requests

At the memory that [`template.yaml`](../template.yaml) gives.

{}
Lambda's column is time and requests, {} of it for the requests. The gateway is {} of a read; the transaction is {} of a
registration.
",
        table(
            &["a million of", "MB", "Lambda", "gateway", "store", "logs", "data out", "secret", "sum"],
            true,
            &rows
        ),
        money(inputs.prices.lambda_requests.of(MILLION)),
        percent(read.gateway / read.total()),
        percent(registration.store / registration.total()),
    )
}

fn per_million(inputs: &Inputs) -> String {
    let mut text = "## By memory

Milliseconds are computed, not measured: the time on a full core, longer by as much as the memory is below the one that AWS says
brings a full core, and then the waiting, which stays. The row that the template uses is bold.
"
    .to_owned();
    for operation in inputs.measured.operation.all() {
        let used = memory_mb(inputs, operation);
        let mut sizes = inputs.assumed.lambda.sizes_mb.clone();
        if !sizes.contains(&used) {
            sizes.push(used);
            sizes.sort_unstable();
        }
        let rows: Vec<_> = sizes
            .into_iter()
            .map(|size| memory_row(inputs, operation, size, size == used))
            .collect();
        text += &format!(
            "\n### A million of `{}`\n\n{}",
            operation.route,
            table(
                &[
                    "MB",
                    "billed ms",
                    "Lambda",
                    "gateway",
                    "store",
                    "logs",
                    "data out",
                    "secret",
                    "sum"
                ],
                true,
                &rows
            )
        );
    }
    text
}

fn memory_row(inputs: &Inputs, operation: &Operation, memory_mb: u32, used: bool) -> Vec<String> {
    let mut row = vec![
        memory_mb.to_string(),
        whole(warm_ms(inputs, operation, memory_mb)),
    ];
    row.extend(cost_cells(million(inputs, operation, memory_mb)));
    if used {
        row.into_iter().map(|cell| format!("**{cell}**")).collect()
    } else {
        row
    }
}

fn million(inputs: &Inputs, operation: &Operation, memory_mb: u32) -> Cost {
    Use::of(inputs, operation, memory_mb, MILLION).cost(inputs)
}

fn cost_cells(cost: Cost) -> [String; 7] {
    [
        cost.lambda,
        cost.gateway,
        cost.store,
        cost.logs,
        cost.data_out,
        cost.secret,
        cost.total(),
    ]
    .map(money)
}

fn used_up(inputs: &Inputs) -> String {
    let measured = &inputs.measured;
    let rows: Vec<_> = measured
        .operation
        .all()
        .into_iter()
        .map(|operation| {
            vec![
                format!("`{}`", operation.route),
                operation.cpu_ms.to_string(),
                waiting_ms(inputs, operation).to_string(),
                (operation.reads.len() + usize::from(!operation.transaction.is_empty())).to_string(),
                warm_read_units(inputs, operation).to_string(),
                write_units(inputs, operation).to_string(),
                operation.answer_bytes.to_string(),
                measured.log_bytes.invocation.to_string(),
            ]
        })
        .collect();
    let commands: Vec<_> = measured
        .operation
        .all()
        .into_iter()
        .map(|operation| {
            vec![
                format!("`{}`", operation.route),
                operation.cpu_command.clone(),
                operation.bytes_command.clone(),
            ]
        })
        .collect();
    format!(
        "## What one request uses

Measured on {date}, on {machine}, but for the waiting, which is assumed.
`cost/measure` shows the bytes again. A user with a username and an e-mail address is {count} items:
{items}.

{figures}
A read takes one unit for each 4 KB begun, strongly consistent. A write in a transaction takes two units for each KB begun of each
item: a registration is {units} units.

{commands}",
        date = measured.date,
        machine = measured.machine,
        items = item_list(inputs),
        units = write_units(inputs, &measured.operation.register),
        count = measured.operation.register.transaction.len(),
        figures = table(
            &[
                "request",
                "ms on a full core",
                "ms waiting",
                "store requests",
                "read units",
                "write units",
                "answer bytes",
                "log bytes"
            ],
            true,
            &rows
        ),
        commands = table(&["request", "its milliseconds come from", "its bytes come from"], false, &commands),
    )
}

fn item_list(inputs: &Inputs) -> String {
    let bytes = &inputs.measured.item_bytes;
    let sizes: Vec<_> = inputs
        .measured
        .operation
        .register
        .transaction
        .iter()
        .map(|item| bytes.of(*item).to_string())
        .collect();
    format!(
        "{} bytes by DynamoDB's rule (`{}`)",
        sizes.join(", "),
        bytes.command
    )
}

fn idle_month(inputs: &Inputs) -> String {
    let mut rows: Vec<_> = idle(inputs)
        .into_iter()
        .map(|line| vec![line.what.to_owned(), line.amount, money(line.money)])
        .collect();
    rows.push(vec![
        "**sum**".to_owned(),
        String::new(),
        format!("**{}**", money(idle_total(inputs))),
    ]);
    format!(
        "## An idle month

{}
An account's first three dashboards and ten alarms are free; that is not counted here. Without a dashboard and alarms the service
works as well; you see less of it.
",
        table(&["what", "how much", "a month"], true, &rows)
    )
}

fn worked_load(inputs: &Inputs) -> String {
    let load = &inputs.assumed.load;
    let prices = &inputs.prices;
    let cognito = [
        &prices.cognito_lite,
        &prices.cognito_essentials,
        &prices.cognito_plus,
    ];
    let rows: Vec<_> = load
        .active_users
        .iter()
        .map(|users| {
            let month = month(inputs, *users);
            let mut row = vec![
                whole(f64::from(month.users)),
                money(month.idle),
                money(month.requests),
                money(month.storage),
                format!("**{}**", money(month.total())),
                money(month.total_without_reads()),
            ];
            row.extend(cognito.map(|price| money(price.of(f64::from(*users)))));
            row.extend(
                cognito[..2]
                    .iter()
                    .map(|price| money(price.beyond_free(f64::from(*users)))),
            );
            row
        })
        .collect();
    let shown = load
        .active_users
        .get(load.active_users.len() / 2)
        .copied()
        .unwrap_or_default();
    format!(
        "## A month of use, next to Cognito

Each active user logs in {log_ins} times and is read {reads} times a month. {new} of the active users are new, and {registered} times as many are
stored as are active. The key set is fetched {fetches} times.

{months}
Cognito's price is for a user who was active in the month, however often. Its Lite and Essentials have a free tier without an end,
{free} users a month; the last two columns count it, and nothing else on this page counts a free tier. Up to that many users, they
cost nothing. Whoever checks the tokens with the key set instead of asking `/users/me`, as one would with Cognito, pays Latchkey's
column without reads.

The plans are not the same service as Latchkey, nor as each other. Lite has a hosted sign-in page and sign-in with other providers;
Essentials adds passwordless sign-in and e-mailed codes; Plus adds threat protection. All of them have multi-factor sign-in, verified
addresses and password resets (text messages cost extra), and AWS runs them. Latchkey has none of that; whoever runs it works for it,
and that is not in the table.

### The month of {shown} users, by request

{requests}",
        log_ins = load.log_ins,
        reads = load.reads,
        new = percent(load.new_share),
        registered = load.registered_share,
        fetches = whole(load.key_set_fetches),
        free = whole(prices.cognito_lite.free),
        shown = whole(f64::from(shown)),
        months = table(
            &[
                "active users",
                "idle",
                "requests",
                "storage",
                "Latchkey",
                "without reads",
                "Cognito Lite",
                "Essentials",
                "Plus",
                "Lite, free tier counted",
                "Essentials, free tier counted"
            ],
            true,
            &rows
        ),
        requests = request_table(inputs, shown),
    )
}

/// Each operation by itself, so at the first step of each price.
fn request_table(inputs: &Inputs, users: u32) -> String {
    let rows: Vec<_> = requests(inputs, users)
        .into_iter()
        .map(|(operation, count)| {
            let mut row = vec![format!("`{}`", operation.route), whole(count)];
            row.extend(cost_cells(
                Use::of(inputs, operation, memory_mb(inputs, operation), count).cost(inputs),
            ));
            row
        })
        .collect();
    table(
        &[
            "request",
            "how often",
            "Lambda",
            "gateway",
            "store",
            "logs",
            "data out",
            "secret",
            "sum",
        ],
        true,
        &rows,
    )
}

fn assumptions(inputs: &Inputs) -> String {
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

fn not_in_it() -> String {
    "## What isn't in it

- Anyone's work: to deploy, to watch, to be woken. AWS Support. Taxes.
- AWS WAF, and the CloudFront that an HTTP API needs for it.
- A domain name and its DNS zone. Its certificate (ACM) is free.
- E-mail and text messages: Latchkey sends none.
- The free tiers, but in the two columns that say so. AWS has some without an end for Lambda, DynamoDB's storage and CloudWatch.
- Requests that fail: wrong passwords cost what a log-in does, and an attacker's are paid by you. Requests that the gateway answers
  alone (429, CORS preflights, unknown routes) are not counted.
- KMS. The table is encrypted with the account's AWS managed key, whose calls are billed; DynamoDB keeps that key for minutes at a
  time, so they are few.
- `/docs` and `/openapi.json`, which are off by default. Metrics of your own, traces, log queries, restores, exports, a second region.
"
    .to_owned()
}

fn price_list(inputs: &Inputs) -> String {
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
