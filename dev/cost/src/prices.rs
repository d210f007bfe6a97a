//! List prices, and what an amount costs.

use serde::Deserialize;

/// `prices.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prices {
    pub(crate) region: String,
    pub(crate) currency: String,
    pub(crate) date: String,
    pub(crate) lambda_requests: Price,
    pub(crate) lambda_gb_seconds: Price,
    pub(crate) gateway_requests: Price,
    pub(crate) read_units: Price,
    pub(crate) write_units: Price,
    pub(crate) table_storage: Price,
    pub(crate) table_backup: Price,
    pub(crate) secrets: Price,
    pub(crate) secret_calls: Price,
    pub(crate) log_ingestion: Price,
    pub(crate) log_storage: Price,
    pub(crate) alarms: Price,
    pub(crate) dashboards: Price,
    pub(crate) data_out: Price,
    pub(crate) cognito_lite: Price,
    pub(crate) cognito_essentials: Price,
    pub(crate) cognito_plus: Price,
}

impl Prices {
    /// Every price, in the order of the file.
    pub(crate) fn all(&self) -> [&Price; 17] {
        [
            &self.lambda_requests,
            &self.lambda_gb_seconds,
            &self.gateway_requests,
            &self.read_units,
            &self.write_units,
            &self.table_storage,
            &self.table_backup,
            &self.secrets,
            &self.secret_calls,
            &self.log_ingestion,
            &self.log_storage,
            &self.alarms,
            &self.dashboards,
            &self.data_out,
            &self.cognito_lite,
            &self.cognito_essentials,
            &self.cognito_plus,
        ]
    }
}

/// One line of a price page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Price {
    pub(crate) title: String,
    pub(crate) unit: String,
    /// How many units `usd` buys.
    pub(crate) per: f64,
    pub(crate) usd: f64,
    /// The prices of what is above a monthly amount, in rising order.
    #[serde(default)]
    pub(crate) then: Vec<Step>,
    /// Units that a free tier without an end would give each month.
    #[serde(default)]
    pub(crate) free: f64,
    pub(crate) source: String,
    pub(crate) as_of: String,
}

/// The price above an amount.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) above: f64,
    pub(crate) usd: f64,
}

impl Price {
    /// What a month's units cost: each unit at the price of the step that it falls into.
    pub(crate) fn of(&self, units: f64) -> f64 {
        let starts =
            std::iter::once((0.0, self.usd)).chain(self.then.iter().map(|step| (step.above, step.usd)));
        let ends = self.then.iter().map(|step| step.above).chain([f64::INFINITY]);
        let sum: f64 = starts
            .zip(ends)
            .map(|((start, usd), end)| (units.min(end) - start).max(0.0) * usd)
            .sum();
        sum / self.per
    }

    /// The same where the first units are free: the steps are not moved by that.
    pub(crate) fn beyond_free(&self, units: f64) -> f64 {
        self.of(units) - self.of(units.min(self.free))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lite() -> Price {
        Price {
            title: String::new(),
            unit: String::new(),
            per: 1.0,
            usd: 0.0055,
            then: vec![
                Step {
                    above: 100_000.0,
                    usd: 0.0046,
                },
                Step {
                    above: 1_000_000.0,
                    usd: 0.00325,
                },
            ],
            free: 10_000.0,
            source: String::new(),
            as_of: String::new(),
        }
    }

    fn assert_cents(computed: f64, by_hand: f64) {
        assert!((computed - by_hand).abs() < 0.005, "{computed} is not {by_hand}");
    }

    #[test]
    fn users_of_each_tier_cost_the_price_of_that_tier() {
        assert_cents(lite().of(1_000.0), 5.50);
        assert_cents(lite().of(100_000.0), 550.00);
        // 100,000 × 0.0055 + 50,000 × 0.0046
        assert_cents(lite().of(150_000.0), 780.00);
        // 550 + 900,000 × 0.0046 + 1,000,000 × 0.00325
        assert_cents(lite().of(2_000_000.0), 7_940.00);
    }

    #[test]
    fn free_users_are_taken_from_the_dearest_tier() {
        assert_cents(lite().beyond_free(9_999.0), 0.00);
        // AWS's own example: 90,000 × 0.0055 + 850,000 × 0.0046
        assert_cents(lite().beyond_free(950_000.0), 4_405.00);
    }

    #[test]
    fn a_price_per_million_is_divided_by_a_million() {
        let price = Price {
            per: 1_000_000.0,
            usd: 0.20,
            then: Vec::new(),
            ..lite()
        };
        assert_cents(price.of(5_000_000.0), 1.00);
    }
}
