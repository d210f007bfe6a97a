//! The grants of the token endpoint, one module each.

pub(crate) mod client_credentials;
pub(crate) mod password;
pub(crate) mod refresh_token;

use shared::error::Error;
use shared::scope::{NO_OPENID, Scopes};

/// Returns the scopes that a request asks for, all of which must be among `granted`: none where it asks for none.
///
/// # Errors
///
/// [`Error::InvalidScope`]; a scope is never given because it was asked for.
pub(crate) fn requested(scope: Option<&str>, granted: &Scopes) -> Result<Scopes, Error> {
    let Some(scope) = scope else {
        return Ok(Scopes::default());
    };
    let asked = Scopes::parse(scope).map_err(|_| {
        Error::InvalidScope("The parameter scope must be scopes, with one space between each two")
    })?;
    if asked.asks_for_openid() {
        return Err(Error::InvalidScope(NO_OPENID));
    }
    if asked.is_subset(granted) {
        Ok(asked)
    } else {
        Err(Error::InvalidScope("A scope is not granted"))
    }
}
