//! Verifies access tokens against the published keys.

use super::access_token::Unverified;
use super::claims::Claims;
use super::issuer::Issuer;
use crate::clock::Clock;
use crate::env::Env;
use crate::error::Error;
use crate::function::StartError;
use crate::keys::{Cached, Lead, PublishedStore};
use crate::table::Table;

/// A verifier of one issuer's tokens.
pub struct Verifier {
    issuer: Issuer,
    keys: Cached<PublishedStore>,
    clock: Clock,
}

impl Verifier {
    /// Creates a verifier; sends nothing.
    pub fn new(table: Table, env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let max_age_seconds = Lead::read(env)?.copy_seconds();
        Ok(Self {
            issuer: Issuer::read(env)?,
            keys: Cached::new(PublishedStore::new(table), clock.clone(), max_age_seconds),
            clock: clock.clone(),
        })
    }

    /// Reads the published keys ahead of the first request.
    ///
    /// # Errors
    ///
    /// [`StartError`] for published keys that cannot be used.
    pub async fn prepare(&self) -> Result<(), StartError> {
        self.keys.prepare("the published keys in TABLE_NAME").await
    }

    /// Returns the claims of a token that verifies.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidToken`]; [`Error::Unavailable`] where the keys cannot be reached.
    pub async fn verify(&self, token: &str) -> Result<Claims, Error> {
        let token = Unverified::read(token)?;
        let key = self
            .keys
            .find(|published| published.find(token.kid(), self.clock.now()).cloned())
            .await?
            .ok_or(Error::InvalidToken)?;
        token.verify(&key, &self.issuer, self.clock.now())
    }
}
