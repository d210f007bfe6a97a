//! What an access token is issued for, and the claims that follow.

use super::claims::{Claims, GENERATION_MARK};
use super::issuer::Issuer;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::random;
use crate::scope::Scopes;
use crate::users::UserId;

/// For whom a token is issued.
#[derive(Debug)]
pub struct Grant<'a> {
    /// The user.
    pub user: &'a UserId,
    /// When the user gave the password.
    pub auth_time: Timestamp,
    /// What it is valid with.
    pub valid_with: ValidWith<'a>,
    /// What it may be used for.
    pub scopes: &'a Scopes,
}

/// What ends a token before it expires.
#[derive(Clone, Copy, Debug)]
pub enum ValidWith<'a> {
    /// The end of its session: the id, and when the session expires. No token lives longer.
    Session(&'a str, Timestamp),
    /// Where log-ins begin no session, the next generation of the user's credentials. It stands in the `jti`, since times in seconds
    /// could not tell a log-in from a change of the password in the same second.
    Credentials(u64),
}

impl Claims {
    /// Creates the claims of a token that is issued now and expires at `exp`.
    pub(super) fn new(
        grant: &Grant<'_>,
        issuer: &Issuer,
        client_id: &str,
        exp: Timestamp,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let unique = random::ulid(now)?;
        let (jti, sid) = match grant.valid_with {
            ValidWith::Session(id, _) => (unique, Some(id.to_owned())),
            ValidWith::Credentials(generation) => (format!("{unique}{GENERATION_MARK}{generation}"), None),
        };
        Ok(Self {
            iss: issuer.iss.clone(),
            aud: issuer.aud.clone(),
            sub: grant.user.as_str().to_owned(),
            client_id: client_id.to_owned(),
            iat: now.unix(),
            exp: exp.unix(),
            auth_time: grant.auth_time.unix(),
            jti,
            sid,
            scope: grant.scopes.claim(),
            nbf: None,
        })
    }
}
