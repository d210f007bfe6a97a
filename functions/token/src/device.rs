//! Where a log-in comes from, as a user's list of sessions shows it.

use lambda_http::Request;
use shared::http::client;
use shared::logging;

/// The device of a log-in.
pub(crate) struct Device {
    /// The client's address.
    pub(crate) ip: Option<String>,
    /// The beginning of its `User-Agent`.
    pub(crate) user_agent: Option<String>,
}

impl Device {
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            ip: client::address(request).map(|ip| ip.to_string()),
            user_agent: logging::user_agent(request),
        }
    }
}
