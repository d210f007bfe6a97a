//! The document.

mod basis;
mod months;
mod requests;

use crate::RENEW;
use crate::inputs::Inputs;
use crate::operation_cost::Cost;
use crate::table::money;

/// `docs/cost.md`.
pub fn document(inputs: &Inputs) -> String {
    [
        opening(inputs),
        requests::in_short(inputs),
        requests::per_million(inputs),
        requests::used_up(inputs),
        months::idle_month(inputs),
        months::worked_load(inputs),
        basis::assumptions(inputs),
        not_in_it(),
        basis::price_list(inputs),
    ]
    .join("\n")
}

fn opening(inputs: &Inputs) -> String {
    let prices = &inputs.prices;
    format!(
        "# Cost

Computed by `{RENEW}` from [prices](../dev/cost/prices.toml), [measurements](../dev/cost/measured.toml) and
[assumptions](../dev/cost/assumed.toml); a test says when this page is old. Money is {currency} at the list prices of {region}, as
written down on {date}. No free tier, discount or tax is counted. **Check the prices before you rely on a figure**: their pages are
at the end. Nothing here comes from a bill: Latchkey was not deployed for it.
",
        currency = prices.currency,
        region = prices.region,
        date = prices.date,
    )
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

/// A cell for each service, and one for their sum.
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
