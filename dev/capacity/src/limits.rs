//! The limits that log-ins meet, each as the rate of log-ins at which it is reached.

use crate::assumptions::Number;
use crate::model::{Model, Operation};

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326;

/// The accounts that receive a load. As deployed is a new account with the template's own limits; in the others these are lifted.
pub(crate) const ACCOUNTS: [&str; 3] = ["as deployed", "new account", "standard account"];

// Where a limit holds, in the order of ACCOUNTS.
const DEPLOYED: [bool; 3] = [true, false, false];
const NEW: [bool; 3] = [true, true, false];
const STANDARD: [bool; 3] = [false, false, true];
const EVERY: [bool; 3] = [true, true, true];
/// A special case, which ordinary log-ins do not meet.
const SPECIAL: [bool; 3] = [false, false, false];

/// What arrives: log-ins alone, log-ins with refreshes and reads of the user after each, or a burst of log-ins.
pub(crate) const KINDS: [&str; 3] = ["steady", "with reads", "burst"];

/// A limit.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) quota: Number,
    holds: [bool; 3],
    /// The log-ins a second at which it is reached, in the order of [`KINDS`]; infinite where it is not met. In a burst, this is the
    /// rate that the burst multiplies.
    pub(crate) reached: [f64; 3],
}

/// The limit of an account that a growing load reaches first.
pub(crate) fn first(limits: &[Limit], account: usize, kind: usize) -> Option<&Limit> {
    let holding = limits.iter().filter(|limit| limit.holds[account]);
    holding.min_by(|left, right| left.reached[kind].total_cmp(&right.reached[kind]))
}

/// The 99th percentile of a Poisson distribution, by its normal approximation.
pub(crate) fn p99(mean: f64) -> f64 {
    (mean + Z99 * mean.sqrt()).ceil()
}

impl Model {
    /// Seconds of a warm log-in.
    pub(crate) fn log_in_seconds(&self) -> f64 {
        self.warm_ms(&self.log_in, self.log_in.memory_mb) / 1_000.0
    }

    /// Seconds of a log-in that starts an environment.
    pub(crate) fn cold_log_in_seconds(&self) -> f64 {
        let cold_ms = self.given.time.environment.value + self.billed_cold_ms(&self.log_in);
        self.log_in_seconds() + cold_ms / 1_000.0
    }

    /// Seconds of a warm `GET /users/me`.
    pub(crate) fn me_seconds(&self) -> f64 {
        self.warm_ms(&self.me, self.me.memory_mb) / 1_000.0
    }

    /// Every limit, from the client inwards.
    pub(crate) fn limits(&self) -> Vec<Limit> {
        let (quotas, traffic) = (&self.given.quotas, &self.given.traffic);
        let (reads, factor) = (traffic.reads_per_log_in.value, traffic.burst_factor.value);
        let refreshes = traffic.refreshes_per_log_in.value;
        let (log_in, me) = (self.log_in_seconds(), self.me_seconds());
        let refreshed = refreshes * self.warm_ms(&self.refresh, self.refresh.memory_mb) / 1_000.0;
        let cold = factor * self.cold_log_in_seconds();
        // What one log-in a second needs, in the order of KINDS.
        let token = [1.0, 1.0 + refreshes, factor];
        let requests = [1.0, 1.0 + refreshes + reads, factor];
        let by_requests = requests.map(|requests| requests / quotas.requests_per_concurrency.value);
        let by_time = [log_in, log_in + refreshed + reads * me, cold];
        let units = self.read_units(&self.log_in.reads);
        let read_units = [
            units,
            units + reads * self.read_units(&self.me.reads),
            factor * units,
        ];
        let units = self.write_units(&self.log_in);
        let writes_units = refreshes * self.write_units(&self.refresh);
        let write_units = |units: f64| [units, units + writes_units, factor * units];
        // A renewed hash is one more write of the user's item, which a log-in writes first and last.
        let renewing = units + self.plain_write_units(self.log_in.writes.get(..1).unwrap_or_default());
        // Each environment reads the secret at its start and again after some time.
        let read_again = [log_in, log_in + refreshed].map(|busy| busy / self.given.time.refresh.value);
        // A full bucket adds its burst, once, to what the rate lets through while a burst lasts.
        let bucket = |needs: [f64; 3], (rate, burst): (f64, f64)| {
            let steady = rate * traffic.burst_seconds.value;
            [needs[0], needs[1], needs[2] * steady / (steady + burst)]
        };
        let limit = |quota: &Number, holds, needs: [f64; 3]| Limit {
            reached: needs.map(|need| quota.value / need),
            quota: quota.clone(),
            holds,
        };
        let case = |quota: &Number, what: &str| Number {
            what: format!("{}, {what}", quota.what),
            ..quota.clone()
        };
        let own = |operation: &Operation| Number {
            what: format!("Template: `{}`", operation.key),
            value: operation.limit.0,
            raise: "in `template.yaml`".to_owned(),
            ..quotas.gateway_rate.clone()
        };
        let gateway = (quotas.gateway_rate.value, quotas.gateway_burst.value);
        let new_requests = case(&quotas.new_concurrency, "by requests");
        let all_requests = case(&quotas.concurrency, "by requests");
        let one_user = case(&quotas.partition_writes, "if all log in as one user");
        let renewed = case(&quotas.new_table_writes, "if each log-in renews its hash");
        vec![
            limit(&own(&self.log_in), DEPLOYED, bucket(token, self.log_in.limit)),
            limit(&own(&self.me), DEPLOYED, [0.0, reads, 0.0]),
            limit(&quotas.gateway_rate, EVERY, bucket(requests, gateway)),
            limit(&new_requests, NEW, by_requests),
            limit(&quotas.new_concurrency, NEW, by_time),
            limit(&all_requests, STANDARD, by_requests),
            limit(&quotas.concurrency, STANDARD, by_time),
            limit(&quotas.scaling, EVERY, [0.0, 0.0, cold]),
            limit(&quotas.new_table_reads, EVERY, read_units),
            limit(&quotas.table_reads, EVERY, read_units),
            limit(&quotas.new_table_writes, EVERY, write_units(units)),
            limit(&quotas.table_writes, EVERY, write_units(units)),
            limit(&quotas.secret_reads, EVERY, [read_again[0], read_again[1], cold]),
            // All that a log-in and a refresh write is the user's item.
            limit(&one_user, SPECIAL, write_units(units)),
            limit(&renewed, SPECIAL, write_units(renewing)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::round_figures;

    const NEVER: f64 = f64::INFINITY;

    #[track_caller]
    fn assert_near(computed: [f64; 3], by_hand: [f64; 3]) {
        let near = |(left, right): (f64, f64)| left == right || (left / right - 1.0).abs() < 1e-9;
        assert!(
            computed.into_iter().zip(by_hand).all(near),
            "{computed:?} is not {by_hand:?}"
        );
    }

    #[test]
    fn a_limit_is_reached_at_its_value_over_what_one_log_in_needs() {
        let limits = round_figures().limits();
        let reached = |name: &str| {
            limits
                .iter()
                .find(|limit| limit.quota.what == name)
                .expect(name)
                .reached
        };
        // 20 in each of 10 s and 40 once are 24 a second, and a burst is ten times the rate.
        assert_near(reached("Template: `POST /token`"), [20.0, 10.0, 2.4]);
        assert_near(reached("Template: `GET /users/me`"), [NEVER, 10.0, NEVER]);
        assert_near(
            reached("API Gateway: requests"),
            [10_000.0, 10_000.0 / 12.0, 1_050.0],
        );
        let lambda = "Lambda: concurrent executions, by requests";
        assert_near(reached(lambda), [10_000.0, 10_000.0 / 12.0, 1_000.0]);
        // 0.1 s each; with a refresh and ten reads of 0.01 s 0.21 s; 0.2 s for a cold one.
        assert_near(
            reached("Lambda: concurrent executions"),
            [10_000.0, 1_000.0 / 0.21, 500.0],
        );
        let scaling = "Lambda: new environments of a function in 10 s";
        assert_near(reached(scaling), [NEVER, NEVER, 500.0]);
        let table = "DynamoDB: read units of a new table";
        assert_near(reached(table), [6_000.0, 1_000.0, 600.0]);
        let table = "DynamoDB: write units of a new table";
        assert_near(reached(table), [1_000.0, 4_000.0 / 6.0, 100.0]);
        let renewed = format!("{table}, if each log-in renews its hash");
        assert_near(reached(&renewed), [4_000.0 / 6.0, 500.0, 4_000.0 / 60.0]);
        let partition = "DynamoDB: write units of one partition, if all log in as one user";
        assert_near(reached(partition), [250.0, 1_000.0 / 6.0, 25.0]);
        // 10,000 environments start at once, or each reads again in 300 s.
        assert_near(reached("Secrets Manager: reads"), [30e6, 3e6 / 0.11, 5_000.0]);
    }

    #[test]
    fn the_first_limit_depends_on_the_account_and_the_load() {
        let limits = round_figures().limits();
        let name = |account, kind| first(&limits, account, kind).unwrap().quota.what.as_str();
        let [deployed, new, standard] = [0, 1, 2];
        let [steady, with_reads, burst] = [0, 1, 2];
        let new_account = "Lambda: concurrent executions of a new account";
        assert_eq!(name(deployed, steady), "Template: `POST /token`");
        assert_eq!(name(deployed, with_reads), format!("{new_account}, by requests"));
        assert_eq!(name(new, burst), new_account);
        assert_eq!(name(standard, steady), "DynamoDB: write units of a new table");
        assert_eq!(name(standard, burst), "DynamoDB: write units of a new table");
    }

    #[test]
    fn the_99th_percentile_is_2_3_deviations_above_the_mean() {
        assert_eq!([0.0, 100.0, 10_000.0].map(p99), [0.0, 124.0, 10_233.0]);
    }
}
