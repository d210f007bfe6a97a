//! Every number that the model takes from outside. Nothing else in this crate is a figure of AWS or of the service.

use std::fmt;

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// AWS documents it.
    AwsDocumentation,
    /// Nobody promises it; it is our guess.
    Assumed,
    /// `cargo bench -p benches` measured it; `docs/figures.md` says on what.
    MeasuredByCargoBench,
    /// The service's own code or template says so, or its design where the code is not there yet.
    ThisProject,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AwsDocumentation => "AWS documentation",
            Self::Assumed => "assumed",
            Self::MeasuredByCargoBench => "measured by cargo bench",
            Self::ThisProject => "this project",
        })
    }
}

/// One number with its unit and its source.
#[derive(Clone, Copy, Debug)]
pub struct Assumption {
    /// What it is.
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// Who says so.
    pub source: Source,
}

// One list makes both the constants and the printed table, so that no number can be used and not shown.
macro_rules! assumptions {
    ($($constant:ident: $name:literal, $value:literal, $unit:literal, $source:ident;)*) => {
        $(
            #[doc = $name]
            #[doc = concat!("(", $unit, ").")]
            pub const $constant: Assumption =
                Assumption { name: $name, value: $value, unit: $unit, source: Source::$source };
        )*
        /// All of them, in the order of the printed table.
        pub const ALL: &[Assumption] = &[$($constant),*];
    };
}

assumptions! {
    TOKEN_CORE: "Log-in on one whole core: Argon2id (19 MiB, 2 passes) and RS256", 33.0, "ms", MeasuredByCargoBench;
    ME_CORE: "`GET /users/me` on one whole core", 0.5, "ms", MeasuredByCargoBench;
    TOKEN_MEMORY: "Memory of `token`", 1024.0, "MB", ThisProject;
    ME_MEMORY: "Memory of `me`", 256.0, "MB", ThisProject;
    CORE_MEMORY: "Memory that comes with one whole core", 1769.0, "MB", AwsDocumentation;
    READ: "One DynamoDB read, seen from a function", 4.0, "ms", Assumed;
    SANDBOX: "Cold start: Lambda makes the environment", 100.0, "ms", Assumed;
    INIT: "Cold start: the binary's start", 60.0, "ms", Assumed;
    HANDSHAKE: "Cold start: one TLS handshake", 30.0, "ms", Assumed;
    HANDSHAKES: "Cold start: handshakes (DynamoDB, Secrets Manager)", 2.0, "", ThisProject;
    SECRET: "Cold start: the secret is read", 10.0, "ms", Assumed;
    IDLE_SHORTEST: "An idle environment lives at least", 5.0, "min", Assumed;
    IDLE_LONGEST: "An idle environment lives at most", 45.0, "min", Assumed;
    LONGEST_LIFE: "Lambda replaces a busy environment after", 120.0, "min", Assumed;
    CONCURRENCY: "Lambda: concurrent executions of an account in a Region", 1000.0, "", AwsDocumentation;
    NEW_CONCURRENCY: "Lambda: the same of a new account", 10.0, "", Assumed;
    PER_ENVIRONMENT: "Lambda: requests a second for each unit of concurrency", 10.0, "/s", AwsDocumentation;
    SCALING: "Lambda: new environments of a function in 10 s, refilled steadily", 1000.0, "", AwsDocumentation;
    GATEWAY_RATE: "API Gateway: requests of an account in a Region", 10000.0, "/s", AwsDocumentation;
    GATEWAY_BURST: "API Gateway: burst of an account in a Region", 5000.0, "", AwsDocumentation;
    ROUTE_RATE: "Our template: requests of the route `POST /token` (`TokenRequestsPerSecond`)", 20.0, "/s", ThisProject;
    ROUTE_BURST: "Our template: burst of the route `POST /token` (`TokenBurst`)", 40.0, "", ThisProject;
    READS: "Strongly consistent reads of a log-in, each of one item under 4 KB", 2.0, "RRU", ThisProject;
    TABLE_READS: "DynamoDB: reads that a new on-demand table serves at once", 12000.0, "RRU/s", AwsDocumentation;
    TABLE_WRITES: "DynamoDB: writes that a new on-demand table serves at once", 4000.0, "WRU/s", AwsDocumentation;
    TABLE_GROWTH: "DynamoDB: an on-demand table serves this many times its last peak", 2.0, "", AwsDocumentation;
    TABLE_GROWTH_TIME: "DynamoDB: time for one such step", 30.0, "min", AwsDocumentation;
    TABLE_QUOTA: "DynamoDB: reads of one on-demand table", 40000.0, "RRU/s", AwsDocumentation;
    PARTITION_READS: "DynamoDB: reads of one partition", 3000.0, "RRU/s", AwsDocumentation;
    PARTITION_WRITES: "DynamoDB: writes of one partition", 1000.0, "WRU/s", AwsDocumentation;
    SECRET_QUOTA: "Secrets Manager: GetSecretValue and DescribeSecret", 10000.0, "/s", AwsDocumentation;
    REFRESH: "An environment reads its keys again (`token`: the secret, `me`: the JWK Set) after", 5.0, "min", ThisProject;
    UNKNOWN_KID: "An environment of `me` reads the JWK Set for an unknown `kid` at most every", 30.0, "s", ThisProject;
    ME_CALLS: "Calls of `GET /users/me` for one log-in", 10.0, "", Assumed;
    BUCKET: "A limit without a documented burst lets through at once what it lets through in", 1.0, "s", Assumed;
    BURST_FACTOR: "Burst: times the rate", 10.0, "", Assumed;
    BURST_TIME: "Burst: how long, after quiet and without a warm environment", 10.0, "s", Assumed;
    HEADROOM: "Raised quotas: times what the steady load needs", 1.25, "", Assumed;
}
