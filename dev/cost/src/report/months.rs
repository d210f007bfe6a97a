//! What a month costs, idle and in use.

use super::cost_cells;
use crate::idle::{idle, idle_total};
use crate::inputs::Inputs;
use crate::load::{memory_mb, month, requests};
use crate::operation_cost::Use;
use crate::table::{money, percent, table, whole};

pub(super) fn idle_month(inputs: &Inputs) -> String {
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

pub(super) fn worked_load(inputs: &Inputs) -> String {
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
