//! The one door of every route behind a token or an API key.

use lambda_http::Request;

use crate::api_keys::{ApiKeys, PresentedKey};
use crate::clock::Timestamp;
use crate::error::{Error, RECENT_AUTHENTICATION_SECONDS};
use crate::http::credentials::{self, Presented};
use crate::scope::Scopes;
use crate::sessions::{Session, Sessions};
use crate::tokens::{Claims, LEEWAY_SECONDS, Verifier};
use crate::users::{Account, Standing, User, Wanted};

/// The caller of a request: a token that verifies, of a session that is live, or an API key, and its user, who is not disabled.
#[derive(Debug)]
pub struct Caller {
    /// The token's claims; `None` for an API key.
    pub claims: Option<Claims>,
    /// The user, as the store has it now.
    pub user: User,
    /// How often the user's account was recovered.
    pub recoveries: u64,
    /// The token's session; `None` where log-ins begin none, and for an API key.
    pub session: Option<Session>,
    /// The scopes of the token or the key that the user still has.
    pub scopes: Scopes,
    /// The scopes that the user has, whatever the token or the key has of them.
    pub granted: Scopes,
}

impl Caller {
    /// Returns the id of the token's session; `None` where log-ins begin none, and for an API key.
    pub fn session_id(&self) -> Option<&str> {
        self.claims.as_ref()?.sid.as_deref()
    }

    /// Returns by what the caller is one.
    pub fn standing(&self) -> Standing<'_> {
        self.session_id().map_or_else(
            || {
                let generation = self.claims.as_ref().and_then(Claims::credential_generation);
                Standing::Generation(generation.unwrap_or_default())
            },
            Standing::Session,
        )
    }

    /// Rejects a token or an API key without a scope.
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
    /// differ, and an API key. A refresh never renews that time.
    ///
    /// # Errors
    ///
    /// [`Error::InsufficientUserAuthentication`]: the client logs in with the password again.
    pub fn require_recent_authentication(&self, now: Timestamp) -> Result<(), Error> {
        let auth_time = self.claims.as_ref().and_then(|claims| claims.auth_time);
        let age = auth_time.map(|auth_time| now.unix().saturating_sub(auth_time));
        let recent = -LEEWAY_SECONDS..=i64::from(RECENT_AUTHENTICATION_SECONDS);
        if age.is_some_and(|age| recent.contains(&age)) {
            Ok(())
        } else {
            Err(Error::InsufficientUserAuthentication)
        }
    }
}

/// Who a request acts for.
#[derive(Debug)]
pub enum Principal {
    /// A user, by a token or an API key.
    User(Box<Caller>),
    /// A client that is registered, by a token of its own (RFC 6749 section 4.4); the token's claims.
    Client(Box<Claims>),
}

/// Returns the caller of a request; one read of the store. An API key is accepted where the verifier is
/// [`with_api_keys`](Verifier::with_api_keys): as a bearer token, in `X-API-Key`, or in a header `Token`.
///
/// # Errors
///
/// The rows of the error table for a bearer token: 401, 400, 503. A wrong API key in the header `Token` is 403.
pub async fn authenticate(verifier: &Verifier, request: &Request) -> Result<Caller, Error> {
    if !verifier.accepts_api_keys() {
        return by_token(verifier, credentials::token(request.headers())?).await;
    }
    match credentials::presented(request.headers())? {
        Presented::Bearer(token) if !PresentedKey::is_meant(token) => by_token(verifier, token).await,
        Presented::Bearer(key) | Presented::ApiKey(key) => by_api_key(verifier, key).await,
        Presented::Token(key) => by_api_key(verifier, key).await.map_err(|error| match error {
            Error::InvalidToken => Error::Forbidden,
            error => error,
        }),
    }
}

/// Returns the caller of a request as [`authenticate`] does, or the client of a token of its own; one read, too.
///
/// # Errors
///
/// As [`authenticate`].
pub async fn authenticate_principal(verifier: &Verifier, request: &Request) -> Result<Principal, Error> {
    match credentials::presented(request.headers()) {
        Ok(Presented::Bearer(token)) if !PresentedKey::is_meant(token) => {
            principal(verifier, verifier.verify(token).await?).await
        }
        _ => authenticate(verifier, request)
            .await
            .map(|caller| Principal::User(Box::new(caller))),
    }
}

async fn by_token(verifier: &Verifier, token: &str) -> Result<Caller, Error> {
    admitted(verifier, verifier.verify(token).await?).await
}

/// Returns who a token that verified acts for; one read of the store.
///
/// # Errors
///
/// [`Error::InvalidToken`] where it has ended, or its client was deleted; [`Error::Inactive`], 503.
pub async fn principal(verifier: &Verifier, claims: Claims) -> Result<Principal, Error> {
    if !claims.is_of_client() {
        let caller = admitted(verifier, claims).await?;
        return Ok(Principal::User(Box::new(caller)));
    }
    match verifier.clients().find(&claims.sub).await? {
        Some(_) => Ok(Principal::Client(Box::new(claims))),
        None => Err(Error::InvalidToken),
    }
}

async fn admitted(verifier: &Verifier, claims: Claims) -> Result<Caller, Error> {
    let account = verifier.users().find(&claims.sub, session_of(&claims)).await?;
    admit(verifier, claims, account).map(|(caller, _)| caller)
}

/// Returns what is read of the sessions of a token's user.
fn session_of(claims: &Claims) -> Wanted<'_> {
    claims.sid.as_deref().map_or(Wanted::None, Wanted::One)
}

/// Returns the owner of an API key; one read, and at most once an hour one write. A text that is no key costs neither.
async fn by_api_key(verifier: &Verifier, text: &str) -> Result<Caller, Error> {
    let presented = PresentedKey::parse(text).ok_or(Error::InvalidToken)?;
    let (users, now) = (verifier.users(), verifier.now());
    let read = users.find_with_api_keys(&presented.user, Wanted::None, Wanted::One(&presented.id));
    let (account, mut keys) = read.await?.ok_or(Error::InvalidToken)?;
    let key = keys.remove(&presented.id).ok_or(Error::InvalidToken)?;
    // A wrong secret learns nothing of the owner.
    if !key.admits(&presented, now) || account.user.disabled {
        return Err(Error::InvalidToken);
    }
    if key.notes_use(now) {
        let noted = users.note_api_key_use(&account.user.id, &presented.id, now);
        if let Err(error) = noted.await {
            tracing::warn!(%error, api_key_id = presented.id, "the use of an API key was not written");
        }
    }
    Ok(Caller {
        claims: None,
        user: account.user,
        recoveries: account.recoveries,
        session: None,
        scopes: key.scopes.within(&account.scopes),
        granted: account.scopes,
    })
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
    let claims = verifier.verify(credentials::token(request.headers())?).await?;
    let account = verifier.users().find(&claims.sub, Wanted::All).await?;
    admit(verifier, claims, account)
}

/// Returns the caller of a request as [`authenticate`] does, by a token alone, and all API keys of its user; one read, too.
///
/// # Errors
///
/// As [`authenticate`].
pub async fn authenticate_with_api_keys(
    verifier: &Verifier,
    request: &Request,
) -> Result<(Caller, ApiKeys), Error> {
    let claims = verifier.verify(credentials::token(request.headers())?).await?;
    let read = verifier
        .users()
        .find_with_api_keys(&claims.sub, session_of(&claims), Wanted::All);
    let (account, keys) = read.await?.unzip();
    let (caller, _) = admit(verifier, claims, account)?;
    Ok((caller, keys.unwrap_or_default()))
}

/// Decides about a token that verified by what the store has of its user.
fn admit(verifier: &Verifier, claims: Claims, account: Option<Account>) -> Result<(Caller, Sessions), Error> {
    // The subject of a client's own token is no user.
    let account = account
        .filter(|_| !claims.is_of_client())
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
        scopes: Scopes::of_token(claims.scope.as_deref()).within(&account.scopes),
        granted: account.scopes,
        claims: Some(claims),
        user: account.user,
        recoveries: account.recoveries,
        session,
    };
    Ok((caller, account.sessions))
}
