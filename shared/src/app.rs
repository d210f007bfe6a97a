//! What a handler works with: configuration, clock, store, hasher and keys, built once per cold start.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{Config, ConfigError, Need, SigningConfig, TokenConfig};
use crate::error::{Dialect, Error};
use crate::jwt::{Claims, Unverified};
use crate::keyring::{Missing, PublicKeyring, SigningKeyring};
use crate::keys::SigningKeys;
use crate::password::Hasher;
use crate::store::Store;

/// What is fixed about a function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name of its crate, binary and operation.
    pub name: &'static str,
    /// How it writes errors.
    pub dialect: Dialect,
    /// What of the configuration it is given.
    pub needs: &'static [Need],
}

/// Shared by all requests of a process; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    config: Config,
    clock: Clock,
    store: Option<Store>,
    hasher: Option<Hasher>,
    signing: Option<SigningKeyring>,
    public: Option<PublicKeyring>,
}

impl App {
    /// Builds the clients; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where a client cannot be built.
    pub async fn new(config: Config, clock: Clock) -> Result<Self, Error> {
        let store = match &config.store {
            Some(store) => Some(Store::connect(store).await?),
            None => None,
        };
        Ok(Self(Arc::new(Parts {
            hasher: config.passwords.map(Hasher::new),
            signing: config
                .signing
                .as_ref()
                .map(|signing| SigningKeyring::new(signing.keys_file.clone())),
            public: store
                .clone()
                .map(|store| PublicKeyring::new(store, clock.clone())),
            store,
            clock,
            config,
        })))
    }

    /// Reads the keys ahead of the first request.
    ///
    /// # Errors
    ///
    /// Keys that are there and cannot be used: the message names where they are. Keys that are not there yet are no error
    /// here: requests that need them are answered 503 until they are.
    pub async fn load_keys(&self) -> Result<(), ConfigError> {
        let unusable = |name, loaded: Result<(), Missing>| match loaded {
            Err(Missing::Unusable(why)) => Err(ConfigError::new(name, why)),
            Err(Missing::Now(why)) => {
                tracing::warn!(why, "no keys yet");
                Ok(())
            }
            Ok(()) => Ok(()),
        };
        if let Some(signing) = &self.0.signing {
            unusable("SIGNING_KEYS_FILE", signing.load().await.map(|_| ()))?;
        }
        // A function that only issues tokens reads no public key.
        if let (Some(public), Some(_), None) = (&self.0.public, &self.0.config.tokens, &self.0.signing) {
            unusable("the JWK Set in TABLE_NAME", public.load().await)?;
        }
        Ok(())
    }

    /// Tells the time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The users.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] in a function that does not say [`Need::Store`].
    pub fn store(&self) -> Result<&Store, Error> {
        self.0.store.as_ref().ok_or_else(undeclared)
    }

    /// Hashes passwords.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] in a function that does not say [`Need::Passwords`].
    pub fn hasher(&self) -> Result<&Hasher, Error> {
        self.0.hasher.as_ref().ok_or_else(undeclared)
    }

    /// Issuer and audience.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] in a function that does not say [`Need::Tokens`].
    pub fn tokens(&self) -> Result<&TokenConfig, Error> {
        self.0.config.tokens.as_ref().ok_or_else(undeclared)
    }

    /// How tokens are issued.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] in a function that does not say [`Need::Signing`].
    pub fn signing(&self) -> Result<&SigningConfig, Error> {
        self.0.config.signing.as_ref().ok_or_else(undeclared)
    }

    /// The private keys; at least one.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] until there are any; [`Error::Internal`] in a function that does not say [`Need::Signing`].
    pub async fn signing_keys(&self) -> Result<Arc<SigningKeys>, Error> {
        self.0.signing.as_ref().ok_or_else(undeclared)?.get().await
    }

    /// The claims of an access token that verifies.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidToken`]; [`Error::Unavailable`] where the keys cannot be reached.
    pub async fn verify(&self, token: &str) -> Result<Claims, Error> {
        let tokens = self.tokens()?;
        let token = Unverified::read(token)?;
        let public = self.0.public.as_ref().ok_or_else(undeclared)?;
        let key = public.find(token.kid()).await?;
        token.verify(&key.ok_or(Error::InvalidToken)?, tokens, self.0.clock.now())
    }
}

fn undeclared() -> Error {
    Error::internal("the function", "it uses what its needs do not name")
}
