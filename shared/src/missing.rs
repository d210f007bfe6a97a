//! Why keys are not there, which decides between a start that fails and a request that is answered 503.

use crate::error::Error;

/// Why keys are not there.
#[derive(Debug)]
pub enum Missing {
    /// They cannot be reached, or there are none yet: the next request tries again.
    Now(String),
    /// They are there and cannot be used: a start fails.
    Unusable(String),
}

impl Missing {
    /// What a request gets in either case.
    #[must_use]
    pub fn into_error(self) -> Error {
        let (Self::Now(why) | Self::Unusable(why)) = self;
        Error::unavailable("the keys", why)
    }
}
