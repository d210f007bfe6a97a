//! Where a log-in comes from, as a user's list of sessions shows it.

use lambda_http::Request;
use lambda_http::http::header::USER_AGENT;
use shared::http::client::{self, Network};

/// How much of a `User-Agent` is kept, in bytes: enough to tell one device from another.
const USER_AGENT_MAX_BYTES: usize = 64;

/// The client of a log-in.
pub(crate) struct Client {
    /// Its network, by which attempts are counted.
    pub(crate) network: Network,
    /// What a list of sessions shows.
    pub(crate) device: Device,
}

impl Client {
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
        let user_agent = request.headers().get(USER_AGENT).map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            text[..text.floor_char_boundary(USER_AGENT_MAX_BYTES)].to_owned()
        });
        Self {
            ip: client::address(request).map(|ip| ip.to_string()),
            user_agent: user_agent.filter(|text| !text.is_empty()),
        }
    }
}
