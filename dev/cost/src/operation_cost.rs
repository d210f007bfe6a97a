//! What one kind of request costs.

use crate::GB;
use crate::inputs::Inputs;
use crate::lambda_time::{billed_ms, gb_seconds};
use crate::measured::Operation;
use crate::request_units::{read_units, transaction_units};

/// Bytes that the gateway counts as one request.
const GATEWAY_BYTES: f64 = 524_288.0;

/// What a number of requests uses up, in the units of the price list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Use {
    pub(crate) invocations: f64,
    pub(crate) gb_seconds: f64,
    pub(crate) gateway_requests: f64,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
    pub(crate) secret_calls: f64,
    pub(crate) log_gb: f64,
    pub(crate) out_gb: f64,
}

/// The same in money, a field for each service.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) lambda: f64,
    pub(crate) gateway: f64,
    pub(crate) store: f64,
    pub(crate) logs: f64,
    pub(crate) data_out: f64,
    pub(crate) secret: f64,
}

impl Use {
    /// What `requests` of this operation use up on this much memory.
    pub(crate) fn of(inputs: &Inputs, operation: &Operation, memory_mb: u32, requests: f64) -> Self {
        let lambda = &inputs.assumed.lambda;
        let cold_starts = requests * lambda.cold_share;
        Self {
            invocations: requests,
            gb_seconds: requests * gb_seconds(lambda, memory_mb, warm_ms(inputs, operation, memory_mb)),
            gateway_requests: requests * (operation.answer_bytes / GATEWAY_BYTES).ceil().max(1.0),
            read_units: requests * f64::from(warm_read_units(inputs, operation))
                + cold_starts * f64::from(units_of_reads(inputs, &operation.cold_reads)),
            write_units: requests * f64::from(write_units(inputs, operation)),
            secret_calls: cold_starts * f64::from(operation.cold_secret_calls),
            log_gb: (requests * inputs.measured.log_bytes.invocation
                + cold_starts * inputs.measured.log_bytes.cold_start)
                / GB,
            out_gb: requests * operation.answer_bytes / GB,
        }
    }

    /// Both together: the steps of a price count what all operations use.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            invocations: self.invocations + other.invocations,
            gb_seconds: self.gb_seconds + other.gb_seconds,
            gateway_requests: self.gateway_requests + other.gateway_requests,
            read_units: self.read_units + other.read_units,
            write_units: self.write_units + other.write_units,
            secret_calls: self.secret_calls + other.secret_calls,
            log_gb: self.log_gb + other.log_gb,
            out_gb: self.out_gb + other.out_gb,
        }
    }

    pub(crate) fn cost(self, inputs: &Inputs) -> Cost {
        let prices = &inputs.prices;
        let kept_gb_months = self.log_gb
            * inputs.assumed.storage.log_compression
            * f64::from(inputs.assumed.stack.log_retention_days)
            / 30.0;
        Cost {
            lambda: prices.lambda_requests.of(self.invocations)
                + prices.lambda_gb_seconds.of(self.gb_seconds),
            gateway: prices.gateway_requests.of(self.gateway_requests),
            store: prices.read_units.of(self.read_units) + prices.write_units.of(self.write_units),
            logs: prices.log_ingestion.of(self.log_gb) + prices.log_storage.of(kept_gb_months),
            data_out: prices.data_out.of(self.out_gb),
            secret: prices.secret_calls.of(self.secret_calls),
        }
    }
}

impl Cost {
    pub(crate) fn total(self) -> f64 {
        self.lambda + self.gateway + self.store + self.logs + self.data_out + self.secret
    }
}

/// Billed milliseconds of one warm request.
pub(crate) fn warm_ms(inputs: &Inputs, operation: &Operation, memory_mb: u32) -> f64 {
    billed_ms(
        &inputs.assumed.lambda,
        memory_mb,
        operation.cpu_ms,
        waiting_ms(inputs, operation),
    )
}

/// Milliseconds for which one warm request waits for the table.
pub(crate) fn waiting_ms(inputs: &Inputs, operation: &Operation) -> f64 {
    let waiting = &inputs.assumed.waiting_ms;
    let reads: f64 = operation.reads.iter().map(|_| waiting.read).sum();
    let transaction = if operation.transaction.is_empty() {
        0.0
    } else {
        waiting.transaction
    };
    // An empty sum is -0, and a 0 added to it makes it 0.
    reads + transaction
}

/// Read request units of one warm request.
pub(crate) fn warm_read_units(inputs: &Inputs, operation: &Operation) -> u32 {
    units_of_reads(inputs, &operation.reads)
}

/// Write request units of one request.
pub(crate) fn write_units(inputs: &Inputs, operation: &Operation) -> u32 {
    let bytes = &inputs.measured.item_bytes;
    transaction_units(operation.transaction.iter().map(|item| bytes.of(*item)))
}

fn units_of_reads(inputs: &Inputs, items: &[crate::measured::Item]) -> u32 {
    items
        .iter()
        .map(|item| read_units(inputs.measured.item_bytes.of(*item)))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The committed inputs under round figures, so that no renewed price or measurement breaks a sum made by hand.
    fn round_figures() -> Inputs {
        let mut inputs = Inputs::committed().unwrap();
        inputs.assumed.lambda.full_core_mb = 2048;
        inputs.assumed.lambda.cold_share = 0.01;
        inputs.assumed.lambda.cold_ms = 200.0;
        inputs.assumed.waiting_ms.read = 5.0;
        inputs.assumed.waiting_ms.transaction = 15.0;
        inputs.measured.log_bytes.invocation = 400.0;
        inputs.measured.log_bytes.cold_start = 1000.0;
        for operation in [
            &mut inputs.measured.operation.register,
            &mut inputs.measured.operation.log_in,
        ] {
            operation.cpu_ms = 30.0;
            operation.answer_bytes = 1024.0;
        }
        for (price, usd) in [
            (&mut inputs.prices.lambda_requests, 0.2),
            (&mut inputs.prices.lambda_gb_seconds, 0.00001),
            (&mut inputs.prices.gateway_requests, 1.0),
            (&mut inputs.prices.read_units, 0.125),
            (&mut inputs.prices.write_units, 0.625),
            (&mut inputs.prices.secret_calls, 0.05),
        ] {
            price.usd = usd;
        }
        inputs
    }

    fn assert_near(computed: f64, by_hand: f64) {
        assert!((computed - by_hand).abs() < 1e-6, "{computed} is not {by_hand}");
    }

    #[test]
    fn a_million_log_ins_cost_what_they_cost_by_hand() {
        let inputs = round_figures();
        let used = Use::of(&inputs, &inputs.measured.operation.log_in, 1024, 1_000_000.0);
        // 30 ms on half a core and two reads of 5 ms are 70 ms, and 1 % of 200 ms; a GB of memory.
        assert_near(used.gb_seconds, 72_000.0);
        assert_near(used.read_units, 2_000_000.0);
        assert_near(used.write_units, 0.0);
        assert_near(used.secret_calls, 10_000.0);
        assert_near(used.log_gb * GB, 410_000_000.0);
        let cost = used.cost(&inputs);
        assert_near(cost.lambda, 0.2 + 0.72);
        assert_near(cost.gateway, 1.0);
        assert_near(cost.store, 0.25);
        assert_near(cost.secret, 0.05);
        assert_near(cost.total(), 0.92 + 1.0 + 0.25 + 0.05 + cost.logs + cost.data_out);
    }

    #[test]
    fn a_million_registrations_pay_for_one_transaction_each() {
        let inputs = round_figures();
        let used = Use::of(&inputs, &inputs.measured.operation.register, 1024, 1_000_000.0);
        // 60 ms, 15 ms of waiting, 2 ms of cold starts.
        assert_near(used.gb_seconds, 77_000.0);
        // Three items below a KB.
        assert_near(used.write_units, 6_000_000.0);
        assert_near(used.cost(&inputs).store, 3.75);
    }

    #[test]
    fn a_cold_start_reads_the_key_set() {
        let inputs = round_figures();
        let used = Use::of(&inputs, &inputs.measured.operation.me, 256, 1_000_000.0);
        assert_near(used.read_units, 1_010_000.0);
    }

    #[test]
    fn the_gateway_counts_a_request_for_each_512_kb_begun() {
        let mut inputs = round_figures();
        inputs.measured.operation.me.answer_bytes = 524_289.0;
        let used = Use::of(&inputs, &inputs.measured.operation.me, 256, 10.0);
        assert_near(used.gateway_requests, 20.0);
    }
}
