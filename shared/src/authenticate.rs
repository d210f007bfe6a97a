//! The one door of every route behind a token.

use lambda_http::Request;

use crate::clock::Timestamp;
use crate::error::{Error, RECENT_AUTHENTICATION_SECONDS};
use crate::http::bearer;
use crate::scope::Scopes;
use crate::sessions::{Session, Sessions};
use crate::tokens::{Claims, LEEWAY_SECONDS, Verifier};
use crate::users::{Account, User, Wanted};

/// The caller of a request: a token that verifies, of a session that is live, and its user, who is not disabled.
#[derive(Debug)]
pub struct Caller {
    /// The token's claims.
    pub claims: Claims,
    /// The token's user, as the store has it now.
    pub user: User,
    /// The token's session; `None` where log-ins begin none.
    pub session: Option<Session>,
    /// The scopes of the token.
    pub scopes: Scopes,
}

impl Caller {
    /// Returns the id of the token's session; `None` where log-ins begin none.
    pub fn session_id(&self) -> Option<&str> {
        self.claims.sid.as_deref()
    }

    /// Rejects a token without a scope.
    ///
    /// # Errors
    ///
    /// [`Error::InsufficientScope`], which names the scope.
    pub fn require(&self, scope: &'static str) -> Result<(), Error> {
        if self.scopes.contains(scope) {
            Ok(())
        } else {
            Err(Error::InsufficientScope(scope))
        }
    }

    /// Rejects a token whose user gave the password more than 300 seconds ago (RFC 9470), or ahead of now by more than clocks may
    /// differ. A refresh never renews that time.
    ///
    /// # Errors
    ///
    /// [`Error::InsufficientUserAuthentication`]: the client logs in with the password again.
    pub fn require_recent_authentication(&self, now: Timestamp) -> Result<(), Error> {
        let age = self.claims.auth_time.map(|time| now.unix().saturating_sub(time));
        let is_recent = -LEEWAY_SECONDS..=i64::from(RECENT_AUTHENTICATION_SECONDS);
        if age.is_some_and(|age| is_recent.contains(&age)) {
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
pub async fn authenticate(verifier: &Verifier, request: &Request) -> Result<Caller, Error> {
    admitted(
        verifier,
        verifier.verify(bearer::token(request.headers())?).await?,
    )
    .await
}

/// Returns the caller of a token that verified; one read of the store.
///
/// # Errors
///
/// [`Error::InvalidToken`] where it has ended, [`Error::Inactive`], 503.
pub async fn admitted(verifier: &Verifier, claims: Claims) -> Result<Caller, Error> {
    let wanted = claims.sid.as_deref().map_or(Wanted::None, Wanted::One);
    let account = verifier.users().find(&claims.sub, wanted).await?;
    admit(verifier, claims, account).map(|(caller, _)| caller)
}

/// Returns the caller of a request as [`authenticate`] does, and all sessions of its user; one read, too.
///
/// # Errors
///
/// As [`authenticate`].
pub async fn authenticate_with_sessions(
    verifier: &Verifier,
    request: &Request,
) -> Result<(Caller, Sessions), Error> {
    let claims = verifier.verify(bearer::token(request.headers())?).await?;
    let account = verifier.users().find(&claims.sub, Wanted::All).await?;
    admit(verifier, claims, account)
}

/// Decides about a token that verified by what the store has of its user.
fn admit(verifier: &Verifier, claims: Claims, account: Option<Account>) -> Result<(Caller, Sessions), Error> {
    // A client's own token has no time of a log-in, and its subject is no user.
    let account = account
        .filter(|_| claims.auth_time.is_some())
        .ok_or(Error::InvalidToken)?;
    if account.user.disabled {
        return Err(Error::Inactive);
    }
    let session = match &claims.sid {
        Some(id) => {
            let session = account.sessions.get(id).cloned();
            let live = session.filter(|session| session.is_live(verifier.now()));
            Some(live.ok_or(Error::InvalidToken)?)
        }
        None if claims.credential_generation() == Some(account.credential_generation) => None,
        None => return Err(Error::InvalidToken),
    };
    let caller = Caller {
        scopes: Scopes::of_token(claims.scope.as_deref()),
        claims,
        user: account.user,
        session,
    };
    Ok((caller, account.sessions))
}
