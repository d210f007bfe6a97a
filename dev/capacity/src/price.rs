//! A list price, and what an amount costs.

use serde::Deserialize;

/// One line of a price page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Price {
    pub(crate) title: String,
    pub(crate) usd: f64,
    /// How many units `usd` buys.
    pub(crate) per: f64,
    pub(crate) unit: String,
    pub(crate) as_of: String,
    pub(crate) source: String,
    /// The prices above monthly amounts, in rising order.
    #[serde(default)]
    pub(crate) then: Vec<Step>,
    /// Units that are free each month.
    #[serde(default)]
    pub(crate) free: f64,
}

/// The price above an amount.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) above: f64,
    pub(crate) usd: f64,
}

impl Price {
    /// The cost of a month's units, each at the price of its step.
    pub(crate) fn of(&self, units: f64) -> f64 {
        let mut previous = self.usd;
        let mut sum = units * self.usd;
        for step in &self.then {
            sum += (units - step.above).max(0.0) * (step.usd - previous);
            previous = step.usd;
        }
        sum / self.per
    }

    /// The cost where the first units are free. The steps stay where they are.
    pub(crate) fn beyond_free(&self, units: f64) -> f64 {
        self.of(units) - self.of(units.min(self.free))
    }
}

#[test]
fn each_unit_costs_the_price_of_its_step_and_free_ones_come_off_the_first() {
    let step = |above, usd| Step { above, usd };
    let lite = Price {
        usd: 0.0055,
        per: 1.0,
        then: vec![step(100_000.0, 0.0046), step(1_000_000.0, 0.00325)],
        free: 10_000.0,
        ..Price::default()
    };
    let cents = |usd: f64| (usd * 100.0).round();
    assert_eq!(cents(lite.of(100_000.0)), 55_000.0);
    // 100,000 × 0.0055 + 50,000 × 0.0046
    assert_eq!(cents(lite.of(150_000.0)), 78_000.0);
    // 550 + 900,000 × 0.0046 + 1,000,000 × 0.00325
    assert_eq!(cents(lite.of(2_000_000.0)), 794_000.0);
    assert_eq!(cents(lite.beyond_free(9_999.0)), 0.0);
    // AWS's own example: 90,000 × 0.0055 + 850,000 × 0.0046
    assert_eq!(cents(lite.beyond_free(950_000.0)), 440_500.0);
}
