//! A month of use.

use crate::GB;
use crate::idle::idle_total;
use crate::inputs::Inputs;
use crate::measured::{Item, Operation};
use crate::operation_cost::Use;

/// A month at a number of active users.
#[derive(Debug)]
pub(crate) struct Month {
    pub(crate) users: u32,
    pub(crate) idle: f64,
    pub(crate) requests: f64,
    /// The same where nobody asks for `/users/me`.
    pub(crate) requests_without_reads: f64,
    pub(crate) storage: f64,
}

impl Month {
    pub(crate) fn total(&self) -> f64 {
        self.idle + self.requests + self.storage
    }

    pub(crate) fn total_without_reads(&self) -> f64 {
        self.idle + self.requests_without_reads + self.storage
    }
}

/// Each operation and how often a month has it.
pub(crate) fn requests(inputs: &Inputs, users: u32) -> [(&Operation, f64); 4] {
    let (load, operations) = (&inputs.assumed.load, &inputs.measured.operation);
    let users = f64::from(users);
    [
        (&operations.register, users * load.new_share),
        (&operations.log_in, users * load.log_ins),
        (&operations.me, users * load.reads),
        (&operations.jwks, load.key_set_fetches),
    ]
}

/// What the month costs.
pub(crate) fn month(inputs: &Inputs, users: u32) -> Month {
    let [register, log_in, me, jwks] = requests(inputs, users)
        .map(|(operation, requests)| Use::of(inputs, operation, memory_mb(inputs, operation), requests));
    let without_reads = register.and(log_in).and(jwks);
    let gb = stored_gb(inputs, f64::from(users) * inputs.assumed.load.registered_share);
    Month {
        users,
        idle: idle_total(inputs),
        requests: without_reads.and(me).cost(inputs).total(),
        requests_without_reads: without_reads.cost(inputs).total(),
        storage: inputs.prices.table_storage.of(gb) + inputs.prices.table_backup.of(gb),
    }
}

/// The memory that the operation's function has. `Inputs` are refused where it has none.
pub(crate) fn memory_mb(inputs: &Inputs, operation: &Operation) -> u32 {
    inputs
        .assumed
        .memory_mb
        .get(&operation.function)
        .copied()
        .unwrap_or_default()
}

/// GB of this many users in the table, each with a username and an e-mail address.
fn stored_gb(inputs: &Inputs, registered: f64) -> f64 {
    let overhead = inputs.assumed.storage.item_overhead_bytes;
    let bytes: u32 = [Item::User, Item::UsernameMarker, Item::EmailMarker]
        .iter()
        .map(|item| inputs.measured.item_bytes.of(*item) + overhead)
        .sum();
    registered * f64::from(bytes) / GB
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_a_price_count_all_requests_of_a_month_together() {
        let mut inputs = Inputs::committed().unwrap();
        inputs.prices.gateway_requests.then[0].above = 1_500.0;
        inputs.prices.gateway_requests.then[0].usd = 0.0;
        inputs.assumed.load.key_set_fetches = 0.0;
        inputs.assumed.load.new_share = 0.0;
        inputs.assumed.load.log_ins = 1.0;
        inputs.assumed.load.reads = 1.0;
        let some_free = month(&inputs, 1_000).requests;
        // 1,000 log-ins and 1,000 reads stay below 1,500 each, but not together.
        inputs.prices.gateway_requests.then[0].usd = 1.0;
        let every_request_paid = month(&inputs, 1_000).requests;
        assert!(
            some_free < every_request_paid,
            "{some_free} is not below {every_request_paid}"
        );
    }

    #[test]
    fn a_stored_user_is_three_items_each_with_the_overhead() {
        let mut inputs = Inputs::committed().unwrap();
        let bytes = &mut inputs.measured.item_bytes;
        (bytes.user, bytes.username_marker, bytes.email_marker) = (311, 60, 69);
        inputs.assumed.storage.item_overhead_bytes = 100;
        // 311 + 60 + 69 bytes and 3 × 100
        assert!((stored_gb(&inputs, 2.0) * GB - 1_480.0).abs() < 1e-6);
    }

    #[test]
    fn an_idle_month_is_in_every_month() {
        let mut inputs = Inputs::committed().unwrap();
        inputs.assumed.load.key_set_fetches = 0.0;
        let nobody = month(&inputs, 0);
        assert!((nobody.total() - idle_total(&inputs)).abs() < 1e-9);
        assert!(nobody.total() > 0.0);
    }
}
