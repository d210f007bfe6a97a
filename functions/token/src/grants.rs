//! The grants of the token endpoint, one module each.

pub(crate) mod password;
pub(crate) mod refresh_token;
