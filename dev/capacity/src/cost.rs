//! What requests, storage and an idle deployment cost.

use crate::model::{Model, Operation};
use crate::price::Price;

/// Bytes of a GB, as AWS counts.
pub(crate) const GB: f64 = 1_073_741_824.0;

/// Days of a month, as AWS counts them for storage.
pub(crate) const DAYS: f64 = 30.0;

/// What the cost of requests is made of, in the order of the arrays that [`Model::cost`] returns.
pub(crate) const SERVICES: [&str; 6] = ["Lambda", "API Gateway", "DynamoDB", "logs", "data out", "secret"];

impl Model {
    /// The cost of a month's requests by service. The steps of a price count all of them together.
    pub(crate) fn cost(&self, requests: &[(&Operation, f64)]) -> [f64; 6] {
        let used: Vec<_> = requests
            .iter()
            .map(|&(operation, count)| self.meters(operation, operation.memory_mb, count))
            .collect();
        priced(&used)
    }

    /// The cost of a million requests on another amount of memory.
    pub(crate) fn million(&self, operation: &Operation, memory_mb: f64) -> [f64; 6] {
        priced(&[self.meters(operation, memory_mb, 1e6)])
    }

    /// The bytes that CloudWatch counts for each request.
    pub(crate) fn request_log_bytes(&self, operation: &Operation) -> f64 {
        let lines = &self.given.log_lines;
        let event = if self.write_units(operation) > 0.0 {
            self.log_bytes(std::slice::from_ref(&lines.event))
        } else {
            0.0
        };
        self.log_bytes(&lines.request) + self.log_bytes(std::slice::from_ref(&lines.access)) + event
    }

    /// What so many bytes of the logs cost: each of two prices and the units.
    fn log_meters(&self, bytes: f64) -> [(&Price, f64); 2] {
        let kept = self.given.bytes.log_compression.value * self.stack.log_retention_days / DAYS;
        let prices = &self.given.prices;
        [
            (&prices.log_ingestion, bytes / GB),
            (&prices.log_storage, bytes * kept / GB),
        ]
    }

    /// The cost of so many GB of the logs.
    pub(crate) fn log_cost(&self, gb: f64) -> f64 {
        let meters = self.log_meters(gb * GB).into_iter();
        meters.map(|(price, units)| price.of(units)).sum()
    }

    /// The cost of the access log's lines of a million requests.
    pub(crate) fn million_access_lines(&self) -> f64 {
        let bytes = 1e6 * self.log_bytes(std::slice::from_ref(&self.given.log_lines.access));
        self.log_cost(bytes / GB)
    }

    /// The bytes that CloudWatch counts for these lines.
    pub(crate) fn log_bytes(&self, lines: &[String]) -> f64 {
        let event = self.given.bytes.log_event.value;
        lines.iter().map(|line| line.len() as f64 + event).sum()
    }

    /// What requests use: the service's place in [`SERVICES`], the price and the units.
    fn meters(&self, operation: &Operation, memory_mb: f64, count: f64) -> [(usize, &Price, f64); 9] {
        let (bytes, prices) = (&self.given.bytes, &self.given.prices);
        let cold = count * self.given.time.cold_share.value;
        // Lambda rounds each invocation up to a whole millisecond.
        let warm_ms = self.warm_ms(operation, memory_mb).ceil();
        let seconds = (count * warm_ms + cold * self.billed_cold_ms(operation)) / 1_000.0;
        let read_units =
            count * self.read_units(&operation.reads) + cold * self.read_units(&operation.cold_reads);
        let cold_bytes = cold * self.log_bytes(&self.given.log_lines.cold_start);
        let [ingested, stored] = self.log_meters(count * self.request_log_bytes(operation) + cold_bytes);
        let gateway = (operation.response / bytes.gateway_unit.value).ceil();
        [
            (0, &prices.lambda_requests, count),
            (0, &prices.lambda_time, memory_mb / 1024.0 * seconds),
            (1, &prices.gateway_requests, count * gateway),
            (2, &prices.read_units, read_units),
            (2, &prices.write_units, count * self.write_units(operation)),
            (3, ingested.0, ingested.1),
            (3, stored.0, stored.1),
            (4, &prices.data_out, count * operation.response / GB),
            (5, &prices.secret_calls, cold * operation.cold_secrets),
        ]
    }

    /// The cost of storing so many copies of these items for a month.
    pub(crate) fn storage(&self, items: &[f64], copies: f64) -> f64 {
        let overhead = self.given.bytes.item_overhead.value;
        let gb = copies * items.iter().map(|bytes| bytes + overhead).sum::<f64>() / GB;
        let backup = if self.stack.point_in_time_recovery {
            gb
        } else {
            0.0
        };
        self.given.prices.table_storage.of(gb) + self.given.prices.table_backup.of(backup)
    }

    /// A month without a request: what there is, how many, and the cost.
    pub(crate) fn idle(&self) -> [(&'static str, f64, f64); 6] {
        let (stack, prices) = (&self.stack, &self.given.prices);
        let published = [self.given.bytes.published.value];
        [
            (
                "secret with the signing keys",
                stack.secrets,
                prices.secrets.of(stack.secrets),
            ),
            (
                "metrics that alarms watch",
                stack.alarm_metrics,
                prices.alarm_metrics.of(stack.alarm_metrics),
            ),
            (
                "metrics of the logs, at most: an hour without a value costs nothing",
                stack.log_metrics,
                prices.log_metrics.of(stack.log_metrics),
            ),
            (
                "dashboard",
                stack.dashboards,
                prices.dashboards.of(stack.dashboards),
            ),
            // The key set is published before the first request.
            ("items in the table", 1.0, self.storage(&published, 1.0)),
            (
                "functions, with the HTTP API and empty log groups",
                stack.functions,
                0.0,
            ),
        ]
    }
}

/// Adds up each meter over all operations, and then its price for each service.
fn priced(used: &[[(usize, &Price, f64); 9]]) -> [f64; 6] {
    let mut cost = [0.0; 6];
    for (meter, (service, price, _)) in used.first().into_iter().flatten().enumerate() {
        cost[*service] += price.of(used.iter().map(|meters| meters[meter].2).sum());
    }
    cost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::round_figures;

    fn used(model: &Model, operation: &Operation) -> [f64; 9] {
        model
            .meters(operation, operation.memory_mb, 1e6)
            .map(|(_, _, units)| units.round())
    }

    #[test]
    fn a_million_requests_use_what_they_use_by_hand() {
        let mut model = round_figures();
        model.me.response = 524_289.0;
        // 100 ms and 1 % of 75 ms, on a GB; two items read and one above 1 KB written twice.
        let [invocations, gb_seconds, gateway, reads, writes, .., secrets] = used(&model, &model.log_in);
        assert_eq!([invocations, gb_seconds, gateway], [1e6, 100_750.0, 1e6]);
        assert_eq!([reads, writes, secrets], [2e6, 4e6, 10_000.0]);
        // 90 ms, 15 ms of waiting and 1 % of 50 ms; four items in a transaction.
        let [_, gb_seconds, _, reads, writes, .., secrets] = used(&model, &model.register);
        assert_eq!([gb_seconds, reads, writes, secrets], [105_500.0, 0.0, 8e6, 0.0]);
        // A cold start reads the key set, and a response above 512 KB counts twice.
        let [_, _, gateway, reads, ..] = used(&model, &model.me);
        assert_eq!([gateway, reads], [2e6, 1_010_000.0]);
    }

    #[test]
    fn each_line_is_logged_with_its_overhead_and_kept_compressed() {
        let mut model = round_figures();
        model.given.log_lines.request = vec!["x".repeat(486)];
        model.given.log_lines.access = "x".repeat(486);
        (
            model.given.bytes.log_event.value,
            model.given.bytes.log_compression.value,
        ) = (26.0, 0.5);
        (model.given.time.cold_share.value, model.stack.log_retention_days) = (0.0, 60.0);
        let meters = model.meters(&model.me, 256.0, 1024.0 * 1024.0);
        assert_eq!((meters[5].2, meters[6].2), (1.0, 1.0));
        // 1e6 lines of 512 bytes are 0.4768 GB, taken in and kept.
        (
            model.given.prices.log_ingestion.usd,
            model.given.prices.log_storage.usd,
        ) = (1.0, 1.0);
        assert!((model.million_access_lines() - 2.0 * 0.4768).abs() < 1e-4);
    }

    #[test]
    fn the_steps_of_a_price_count_all_requests_together() {
        let mut model = round_figures();
        let step = &mut model.given.prices.gateway_requests.then[0];
        (step.above, step.usd) = (1_500.0, 0.0);
        let alone = model.cost(&[(&model.log_in, 1_000.0)])[1];
        let both = model.cost(&[(&model.log_in, 1_000.0), (&model.me, 1_000.0)])[1];
        assert!((both / alone - 1.5).abs() < 1e-9);
    }

    #[test]
    fn a_stored_item_is_paid_with_its_overhead_and_its_backup() {
        let mut model = round_figures();
        model.given.bytes.item_overhead.value = 24.0;
        (
            model.given.prices.table_storage.usd,
            model.given.prices.table_backup.usd,
        ) = (1.0, 0.5);
        assert_eq!(model.storage(&[1_000.0], 1024.0 * 1024.0), 1.5);
        model.stack.point_in_time_recovery = false;
        assert_eq!(model.storage(&[1_000.0], 1024.0 * 1024.0), 1.0);
    }
}
