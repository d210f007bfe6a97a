//! What a deployment costs that nobody uses.

use crate::GB;
use crate::inputs::Inputs;
use crate::measured::Item;

/// One line of the idle month.
#[derive(Debug)]
pub(crate) struct IdleLine {
    pub(crate) what: &'static str,
    pub(crate) amount: String,
    pub(crate) money: f64,
}

/// The lines of a month without a request.
pub(crate) fn idle(inputs: &Inputs) -> Vec<IdleLine> {
    let (stack, prices) = (&inputs.assumed.stack, &inputs.prices);
    // The public key set is there from the first start on.
    let bytes = inputs.measured.item_bytes.of(Item::Published) + inputs.assumed.storage.item_overhead_bytes;
    let gb = f64::from(bytes) / GB;
    vec![
        IdleLine {
            what: "secret with the signing keys",
            amount: stack.secrets.to_string(),
            money: prices.secrets.of(f64::from(stack.secrets)),
        },
        IdleLine {
            what: "alarms",
            amount: stack.alarms.to_string(),
            money: prices.alarms.of(f64::from(stack.alarms)),
        },
        IdleLine {
            what: "dashboard",
            amount: stack.dashboards.to_string(),
            money: prices.dashboards.of(f64::from(stack.dashboards)),
        },
        IdleLine {
            what: "a table without users, and its point-in-time recovery",
            amount: format!("{bytes} bytes"),
            money: prices.table_storage.of(gb) + prices.table_backup.of(gb),
        },
        IdleLine {
            what: "functions, HTTP API, on-demand requests, empty log groups",
            amount: "0".to_owned(),
            money: 0.0,
        },
    ]
}

/// Their sum.
pub(crate) fn idle_total(inputs: &Inputs) -> f64 {
    idle(inputs).iter().map(|line| line.money).sum()
}
