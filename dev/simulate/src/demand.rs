//! What a load asks of each quota: from a run without any limit.

use crate::assumptions::{
    CONCURRENCY, HEADROOM, NEW_CONCURRENCY, PER_ENVIRONMENT, REFRESH, SECRET_QUOTA, TABLE_QUOTA, TABLE_READS,
};
use crate::limit::Limit;
use crate::outcome::Outcome;
use crate::quotas::Quotas;

/// A quota and how many times it a load needs; above 1 it bites.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// Which quota.
    pub quota: &'static str,
    /// Needed over given.
    pub factor: f64,
    /// Whether AWS raises it when asked.
    pub adjustable: bool,
    /// Whether it is a quota of any account; what a new account or our template adds is no rival for what bites first elsewhere.
    pub of_any_account: bool,
}

/// Each quota's use, from an outcome without limits.
#[must_use]
pub fn uses(unlimited: &Outcome) -> Vec<Use> {
    let standard = Quotas::standard();
    let requests =
        |concurrency: f64| Limit::of_rate(concurrency * PER_ENVIRONMENT.value).factor(&unlimited.arrivals);
    let most = unlimited.concurrency.most() as f64;
    let of = |quota, factor, adjustable| Use {
        quota,
        factor,
        adjustable,
        of_any_account: true,
    };
    let of_some = |quota, factor| Use {
        quota,
        factor,
        adjustable: true,
        of_any_account: false,
    };
    let limit = |limit: Option<Limit>, demand| limit.map_or(0.0, |limit| limit.factor(demand));
    vec![
        of_some(
            "Our template, `POST /token`",
            Quotas::route_by_default().factor(&unlimited.arrivals),
        ),
        of(
            "API Gateway: requests",
            limit(standard.gateway, &unlimited.arrivals),
            true,
        ),
        of("Lambda: requests a second", requests(CONCURRENCY.value), true),
        of("Lambda: concurrency", most / CONCURRENCY.value, true),
        of(
            "Lambda: scaling rate",
            limit(standard.scaling, &unlimited.made),
            false,
        ),
        of(
            "DynamoDB: reads of a new table",
            Limit::of_rate(TABLE_READS.value).factor(&unlimited.reads),
            true,
        ),
        of(
            "DynamoDB: reads of one table",
            Limit::of_rate(TABLE_QUOTA.value).factor(&unlimited.reads),
            true,
        ),
        of("Secrets Manager: GetSecretValue", secret(unlimited), false),
        of_some(
            "New account, Lambda: requests a second",
            requests(NEW_CONCURRENCY.value),
        ),
        of_some("New account, Lambda: concurrency", most / NEW_CONCURRENCY.value),
    ]
}

/// New environments read the secret, and each one again after its time.
fn secret(unlimited: &Outcome) -> f64 {
    let again = unlimited.concurrency.most() as f64 / (REFRESH.value * 60.0);
    Limit::of_rate(SECRET_QUOTA.value).factor(&unlimited.made) + again / SECRET_QUOTA.value
}

/// The quota of a settled account that a growing load meets first, if this load already meets one.
#[must_use]
pub fn first(uses: &[Use]) -> Option<&Use> {
    uses.iter()
        .filter(|used| used.of_any_account && used.factor > 1.0)
        .max_by(|left, right| left.factor.total_cmp(&right.factor))
}

/// The standard quotas, each raised to what the load needs with headroom, where that can be asked for and is more.
#[must_use]
pub fn raised(unlimited: &Outcome) -> Quotas {
    let standard = Quotas::standard();
    let enough = |factor: f64| (factor * HEADROOM.value).max(1.0);
    let gateway = standard
        .gateway
        .map(|limit| limit.times(enough(limit.factor(&unlimited.arrivals))));
    let requests = unlimited.arrivals.most_in(1) as f64 / PER_ENVIRONMENT.value;
    let concurrency = (unlimited.concurrency.most() as f64).max(requests) / CONCURRENCY.value;
    let table = Limit::of_rate(TABLE_READS.value).factor(&unlimited.reads);
    Quotas {
        gateway,
        concurrency: Some((CONCURRENCY.value * enough(concurrency)).ceil()),
        table: Some(TABLE_READS.value * enough(table)),
        ..standard
    }
}
