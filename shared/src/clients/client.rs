//! A client and its secret.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::digest::SecretDigest;
use crate::error::Error;
use crate::label::Label;
use crate::random;
use crate::scope::Scopes;

const SECRET_BYTES: usize = 32;

/// A program that may ask for tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its `client_id`: a ULID.
    pub id: String,
    /// What an operator calls it.
    pub name: Label,
    /// `None` for a public client, which cannot keep a secret (RFC 6749 section 2.1).
    pub(super) secret: Option<SecretDigest>,
    /// The grants that it may use.
    pub grants: BTreeSet<GrantType>,
    /// The scopes that it may ask for.
    pub scopes: Scopes,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// A grant that a client may use (RFC 7591 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantType {
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 6749 section 4.3.
    Password,
    /// RFC 6749 section 6.
    RefreshToken,
}

impl GrantType {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::ClientCredentials, Self::Password, Self::RefreshToken];

    /// Returns its `grant_type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// Returns the grant of a `grant_type`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.name() == name)
    }
}

impl Client {
    /// Creates a client, and its secret where it keeps one.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where there are no random bytes.
    pub fn new(
        name: Label,
        is_public: bool,
        grants: BTreeSet<GrantType>,
        scopes: Scopes,
        now: Timestamp,
    ) -> Result<(Self, Option<ClientSecret>), Error> {
        let secret = if is_public {
            None
        } else {
            Some(ClientSecret::generate()?)
        };
        let client = Self {
            id: random::ulid(now)?,
            name,
            secret: secret.as_ref().map(|secret| SecretDigest::of(secret.as_str())),
            grants,
            scopes,
            created_at: now,
        };
        Ok((client, secret))
    }

    /// Reports whether it keeps a secret.
    pub fn is_confidential(&self) -> bool {
        self.secret.is_some()
    }

    /// Reports whether this is its secret; a public client has none, and an empty one counts as none.
    pub(super) fn has_secret(&self, secret: &str) -> bool {
        match &self.secret {
            Some(digest) => *digest == SecretDigest::of(secret),
            None => secret.is_empty(),
        }
    }

    /// Rejects a grant that the client may not use.
    ///
    /// # Errors
    ///
    /// [`Error::UnauthorizedClient`].
    pub fn require(&self, grant: GrantType) -> Result<(), Error> {
        if self.grants.contains(&grant) {
            Ok(())
        } else {
            Err(Error::UnauthorizedClient)
        }
    }
}

/// A new client's secret, which is shown once. Prints nothing, and is wiped when dropped.
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    fn generate() -> Result<Self, Error> {
        let bytes = Zeroizing::new(random::bytes::<SECRET_BYTES>()?);
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))))
    }

    /// Returns the text, for the operator alone.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClientSecret(…)")
    }
}
