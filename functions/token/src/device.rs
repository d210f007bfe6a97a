//! Where a log-in comes from, as a user's list of sessions shows it.

use lambda_http::Request;
use shared::http::client::{self, Network};
use shared::logging;

/// Where a log-in comes from.
pub(crate) struct Origin {
    /// Its network, by which attempts are counted.
    pub(crate) network: Network,
    /// What a list of sessions shows.
    pub(crate) device: Device,
}

impl Origin {
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            network: client::network(request),
            device: Device::of(request),
        }
    }
}

/// The device of a log-in.
pub(crate) struct Device {
    /// The client's address.
    pub(crate) ip: Option<String>,
    /// The beginning of its `User-Agent`.
    pub(crate) user_agent: Option<String>,
}

impl Device {
    fn of(request: &Request) -> Self {
        Self {
            ip: client::address(request).map(|ip| ip.to_string()),
            user_agent: logging::user_agent(request),
        }
    }
}
