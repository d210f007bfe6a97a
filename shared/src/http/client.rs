//! Who sends a request: the client's address, and its network.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use lambda_http::Request;

/// What stands for every client without an address.
const UNKNOWN: &str = "unknown";

/// How many bits of an IPv6 address one customer of a provider has to spend: a subnet, as [`network`] cuts it.
const IPV6_PREFIX: u32 = 64;

/// The client's address.
#[derive(Clone, Copy)]
struct Address(IpAddr);

/// A client's network, as text: an IPv4 address itself, or the /64 of an IPv6 address, such as `2001:db8:1:2::/64`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Network(String);

impl Network {
    /// Returns the network of an address; `None` has a network, too.
    pub fn of(address: Option<IpAddr>) -> Self {
        Self(match address.map(|address| address.to_canonical()) {
            None => UNKNOWN.to_owned(),
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                let mask = u128::MAX << (Ipv6Addr::BITS - IPV6_PREFIX);
                format!("{}/{IPV6_PREFIX}", Ipv6Addr::from(u128::from(address) & mask))
            }
        })
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Sets the client's address.
pub(crate) fn identify(request: &mut Request, address: Option<IpAddr>) {
    if let Some(address) = address {
        request.extensions_mut().insert(Address(address.to_canonical()));
    }
}

/// Returns the client's address, an IPv4 address that is mapped into IPv6 as itself; `None` where it is not known.
pub fn address(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<Address>().map(|Address(ip)| *ip)
}

/// Returns the client's network. Clients without an address share one.
pub fn network(request: &Request) -> Network {
    Network::of(address(request))
}
