//! `assumptions.toml`.

use serde::Deserialize;

use crate::price::Price;

/// A number with its unit and its source.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Number {
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    pub(crate) source: String,
    /// How a limit is raised, if this is one.
    #[serde(default)]
    pub(crate) raise: String,
}

// One list makes both the fields and what is printed, so that no number can be used and not shown.
macro_rules! section {
    ($section:ident of $entry:ident: $($field:ident)*) => {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $section { $(pub(crate) $field: $entry),* }

        impl $section {
            /// All entries, in the order of the file.
            pub(crate) fn all(&self) -> Vec<&$entry> {
                vec![$(&self.$field),*]
            }
        }
    };
}

section! { Time of Number:
    hashing reading refreshing full_core store_request store_transaction environment start handshake secret send cold_share refresh unknown_kid
}
section! { Bytes of Number:
    user attempts attempt network new_session session username_marker email_marker network_counter mail mail_token published
    register_response log_in_response me_response jwks_response item_overhead read_unit write_unit gateway_unit log_event log_compression
}
section! { Traffic of Number:
    log_ins refreshes sessions networks reads new_users stored_users key_set_fetches refreshes_per_log_in reads_per_log_in
    burst_factor burst_seconds headroom
}
section! { Quotas of Number:
    concurrency new_concurrency requests_per_concurrency scaling gateway_rate gateway_burst new_table_reads new_table_writes
    table_growth table_reads table_writes partition_reads partition_writes secret_reads
}
section! { Prices of Price:
    lambda_requests lambda_time gateway_requests read_units write_units table_storage table_backup secrets secret_calls
    log_ingestion log_storage log_metrics alarm_metrics dashboards data_out mails cognito_lite cognito_essentials cognito_plus
}

/// What the tables show.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shown {
    pub(crate) log_ins_per_minute: [f64; 3],
    pub(crate) active_users: Vec<f64>,
    pub(crate) memory_mb: Vec<f64>,
    pub(crate) sessions: Vec<f64>,
}

/// Example lines of the logs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogLines {
    /// What Lambda writes for each request.
    pub(crate) request: Vec<String>,
    /// What API Gateway writes for each request.
    pub(crate) access: String,
    /// What a function writes for each request that changes something.
    pub(crate) event: String,
    pub(crate) cold_start: Vec<String>,
}

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assumptions {
    pub(crate) shown: Shown,
    pub(crate) time: Time,
    pub(crate) bytes: Bytes,
    pub(crate) log_lines: LogLines,
    pub(crate) traffic: Traffic,
    pub(crate) quotas: Quotas,
    pub(crate) prices: Prices,
}

impl Assumptions {
    pub(crate) fn of_this_project() -> Result<Self, String> {
        toml::from_str(include_str!("../assumptions.toml"))
            .map_err(|error| format!("dev/capacity/assumptions.toml: {error}"))
    }

    /// The bytes of the item of a user who has logged in, with so many sessions, each refreshed.
    pub(crate) fn user_item(&self, sessions: f64) -> f64 {
        let bytes = &self.bytes;
        let user = bytes.user.value + bytes.attempts.value;
        user + self.traffic.networks.value * bytes.network.value + sessions * bytes.session.value
    }
}
