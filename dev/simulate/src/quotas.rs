//! What limits a run. `None` is no limit.

use crate::assumptions::{
    CONCURRENCY, GATEWAY_BURST, GATEWAY_RATE, NEW_CONCURRENCY, PARTITION_READS, PARTITION_WRITES,
    PER_ENVIRONMENT, ROUTE_BURST, ROUTE_RATE, SCALING, TABLE_READS, TABLE_WRITES,
};
use crate::limit::Limit;

/// Over how many seconds Lambda's scaling rate is given.
const SCALING_SECONDS: f64 = 10.0;

/// The limits of an account in one Region, of the template and of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quotas {
    /// Of the route, by the template.
    pub route: Option<Limit>,
    /// Of API Gateway.
    pub gateway: Option<Limit>,
    /// Concurrent executions of Lambda. Its requests a second follow from it.
    pub concurrency: Option<f64>,
    /// New environments.
    pub scaling: Option<Limit>,
    /// What the table serves, in read units a second. Its partitions share it evenly.
    pub table: Option<f64>,
}

impl Quotas {
    /// No limit at all: shows what a load asks for.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The limit of our route by the template's defaults. It is a parameter and no quota, so an account has it only as deployed.
    #[must_use]
    pub fn route_by_default() -> Limit {
        Limit {
            rate: ROUTE_RATE.value,
            burst: ROUTE_BURST.value,
        }
    }

    /// A new account after the first deployment, with no parameter set.
    #[must_use]
    pub fn as_deployed() -> Self {
        Self {
            route: Some(Self::route_by_default()),
            ..Self::new_account()
        }
    }

    /// What AWS documents as the default, with a new table. Our route's own limit is lifted.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            route: None,
            gateway: Some(Limit {
                rate: GATEWAY_RATE.value,
                burst: GATEWAY_BURST.value,
            }),
            concurrency: Some(CONCURRENCY.value),
            scaling: Some(Limit {
                rate: SCALING.value / SCALING_SECONDS,
                burst: SCALING.value,
            }),
            table: Some(TABLE_READS.value),
        }
    }

    /// A new account, whose concurrency AWS has not raised yet.
    #[must_use]
    pub fn new_account() -> Self {
        Self {
            concurrency: Some(NEW_CONCURRENCY.value),
            ..Self::standard()
        }
    }

    /// Lambda's requests a second.
    #[must_use]
    pub fn requests(&self) -> Option<Limit> {
        self.concurrency
            .map(|concurrency| Limit::of_rate(concurrency * PER_ENVIRONMENT.value))
    }

    /// How many partitions the table has: as few as can serve its reads, and the writes of a new table.
    #[must_use]
    pub fn partitions(&self) -> Option<usize> {
        let of_new = (TABLE_WRITES.value / PARTITION_WRITES.value).ceil();
        self.table
            .map(|reads| (reads / PARTITION_READS.value).ceil().max(of_new) as usize)
    }
}
