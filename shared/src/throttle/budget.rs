//! Whose failures delay an attempt.

use crate::http::client::Network;

/// Where an attempt to log in comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    network: Network,
    /// The session of a refresh token that proves the device.
    device: Option<String>,
}

impl Budget {
    /// Creates the budget of an attempt from a network, and from a device where one is proved.
    pub fn new(network: Network, device: Option<String>) -> Self {
        Self { network, device }
    }

    /// Returns what its own failures are counted under.
    pub(crate) fn key(&self) -> &str {
        self.device.as_deref().unwrap_or(self.network.as_str())
    }

    /// Returns the network's key.
    pub(crate) fn network(&self) -> &str {
        self.network.as_str()
    }

    /// Reports whether the device is proved.
    pub(crate) fn is_device(&self) -> bool {
        self.device.is_some()
    }
}
