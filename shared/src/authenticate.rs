//! The one door of every route behind a token.

use lambda_http::Request;

use crate::clock::Timestamp;
use crate::error::{Error, RECENT_AUTHENTICATION_SECONDS};
use crate::http::bearer;
use crate::tokens::{Claims, LEEWAY_SECONDS, Verifier};
use crate::users::{User, Users};

/// The caller of a request: a token that verifies, and its user, who is not disabled.
#[derive(Debug)]
pub struct Caller {
    /// The token's claims.
    pub claims: Claims,
    /// The token's user, as the store has it now.
    pub user: User,
}

impl Caller {
    /// Rejects a token whose log-in is more than 300 seconds ago (RFC 9470), or lies ahead by more than clocks may differ.
    ///
    /// # Errors
    ///
    /// [`Error::InsufficientUserAuthentication`].
    pub fn require_recent_authentication(&self, now: Timestamp) -> Result<(), Error> {
        let age = now.unix().saturating_sub(self.claims.auth_time);
        if (-LEEWAY_SECONDS..=i64::from(RECENT_AUTHENTICATION_SECONDS)).contains(&age) {
            Ok(())
        } else {
            Err(Error::InsufficientUserAuthentication)
        }
    }
}

/// Returns the caller of a request; one read of the store.
///
/// # Errors
///
/// The rows of the error table for a bearer token: 401, 400, 503.
pub async fn authenticate(verifier: &Verifier, users: &Users, request: &Request) -> Result<Caller, Error> {
    let claims = verifier.verify(bearer::token(request.headers())?).await?;
    let user = users.find(&claims.sub).await?.ok_or(Error::InvalidToken)?;
    if user.disabled {
        return Err(Error::Inactive);
    }
    Ok(Caller { claims, user })
}
