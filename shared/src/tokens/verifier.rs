//! Verifies access tokens against the published keys.

use super::access_token::Unverified;
use super::claims::Claims;
use super::issuer::Issuer;
use crate::clients::Clients;
use crate::clock::{Clock, Timestamp};
use crate::env::{ACCESS_TOKEN_SECONDS, Env};
use crate::error::Error;
use crate::function::StartError;
use crate::keys::{Cached, Lead, Published, PublishedStore};
use crate::table::Table;
use crate::users::Users;

/// A verifier of one issuer's tokens.
pub struct Verifier {
    users: Users,
    clients: Clients,
    issuer: Issuer,
    /// The longest life of a token.
    token_seconds: u32,
    keys: Cached<PublishedStore>,
    accepts_api_keys: bool,
    clock: Clock,
}

impl Verifier {
    /// Creates a verifier; sends nothing.
    pub fn new(table: Table, env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let max_age_seconds = Lead::read(env)?.copy_seconds();
        Ok(Self {
            users: Users::new(table.clone()),
            clients: Clients::new(table.clone()),
            issuer: Issuer::read(env)?,
            token_seconds: env.get(&ACCESS_TOKEN_SECONDS)?,
            keys: Cached::new(PublishedStore::new(table), clock.clone(), max_age_seconds),
            accepts_api_keys: false,
            clock: clock.clone(),
        })
    }

    /// Lets `authenticate` accept API keys beside tokens. Latchkey's own routes accept none.
    #[must_use]
    pub fn with_api_keys(mut self) -> Self {
        self.accepts_api_keys = true;
        self
    }

    /// Reports whether API keys are accepted.
    pub fn accepts_api_keys(&self) -> bool {
        self.accepts_api_keys
    }

    /// Returns the users whose tokens it verifies.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// Returns the clients whose tokens it verifies.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Returns the time by which it verifies.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reads the published keys ahead of the first request.
    ///
    /// # Errors
    ///
    /// [`StartError`] for published keys that cannot be used.
    pub async fn prepare(&self) -> Result<(), StartError> {
        self.keys.prepare("the published keys in TABLE_NAME").await
    }

    /// Returns the claims of a token that verifies. A token of a time at which its key did not sign yet is treated as one of an
    /// unknown key: the published keys are read again for it, since an emergency may have moved that time.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidToken`]; [`Error::Unavailable`] where the keys cannot be reached.
    pub async fn verify(&self, token: &str) -> Result<Claims, Error> {
        let token = Unverified::read(token)?;
        let now = self.clock.now();
        let verdict = |published: &Published| {
            let key = published.find(token.kid(), now)?;
            match token.verify(key, &self.issuer, self.token_seconds, now) {
                // No leeway for clocks: the signer took `iat` from the clock by which it found the key's time come.
                Ok(claims) if !published.has_begun(token.kid(), Timestamp::from_unix(claims.iat)) => None,
                verdict => Some(verdict),
            }
        };
        self.keys.find(verdict).await?.ok_or(Error::InvalidToken)?
    }
}
