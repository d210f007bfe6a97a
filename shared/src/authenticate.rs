//! The one door of every route behind a token.

use lambda_http::Request;

use crate::error::Error;
use crate::http::bearer;
use crate::tokens::{Claims, Verifier};
use crate::users::{User, Users};

/// The caller of a request: a token that verifies, and its user, who is not disabled.
#[derive(Debug)]
pub struct Caller {
    /// The token's claims.
    pub claims: Claims,
    /// The token's user, as the store has it now.
    pub user: User,
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
