//! What a handler works with: configuration, clock, store, hasher and keys, built once per cold start.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{
    COPY_SECONDS, Config, ConfigError, GrantsConfig, LeadConfig, Need, RingConfig, RotationConfig,
    SigningConfig, TokenConfig,
};
use crate::error::{Dialect, Error};
use crate::jwt::{Claims, Unverified};
use crate::missing::Missing;
use crate::password::Hasher;
use crate::public_keyring::PublicKeyring;
use crate::published::PublicKeys;
#[cfg(feature = "signing")]
use crate::ring::Ring;
#[cfg(feature = "signing")]
use crate::signing_keyring::SigningKeyring;
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
    #[cfg(feature = "signing")]
    ring: Option<SigningKeyring>,
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
        let copy_seconds = config.lead.map_or(COPY_SECONDS, LeadConfig::copy_seconds);
        #[cfg(feature = "signing")]
        let ring = match &config.ring {
            Some(ring) => Some(SigningKeyring::connect(ring, clock.clone(), copy_seconds).await?),
            None => None,
        };
        Ok(Self(Arc::new(Parts {
            hasher: config.passwords.map(Hasher::new),
            #[cfg(feature = "signing")]
            ring,
            public: store
                .clone()
                .map(|store| PublicKeyring::new(store, clock.clone(), copy_seconds)),
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
        #[cfg(feature = "signing")]
        if let (Some(ring), Some(config)) = (&self.0.ring, &self.0.config.ring) {
            unusable(config.place.variable(), ring.load().await.map(|_| ()))?;
        }
        if let (Some(public), true) = (&self.0.public, self.0.config.verification) {
            unusable("what is published of the keys in TABLE_NAME", public.load().await)?;
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

    /// Which grants are offered.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] in a function that does not say [`Need::Grants`].
    pub fn grants(&self) -> Result<GrantsConfig, Error> {
        self.0.config.grants.ok_or_else(undeclared)
    }

    /// How long an access token lives, in seconds.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] in a function that does not say [`Need::TokenLife`].
    pub fn access_token_seconds(&self) -> Result<u32, Error> {
        self.0.config.access_token_seconds.ok_or_else(undeclared)
    }

    /// How far ahead of its use a key is published.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] in a function that does not say [`Need::Lead`].
    pub fn lead(&self) -> Result<LeadConfig, Error> {
        self.0.config.lead.ok_or_else(undeclared)
    }

    /// How new keys are made.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] in a function that does not say [`Need::Rotation`].
    pub fn rotation(&self) -> Result<RotationConfig, Error> {
        self.0.config.rotation.ok_or_else(undeclared)
    }

    /// How the private keys are reached.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] in a function that does not say [`Need::Ring`].
    pub fn ring_config(&self) -> Result<&RingConfig, Error> {
        self.0.config.ring.as_ref().ok_or_else(undeclared)
    }

    /// Whether the gateway answers other origins and owns those headers.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] in a function that does not say [`Need::Origins`].
    pub fn gateway_owns_cors(&self) -> Result<bool, Error> {
        self.0.config.gateway_owns_cors.ok_or_else(undeclared)
    }

    /// The private keys; at least one.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] until there are any; [`Error::Internal`] in a function that does not say [`Need::Ring`].
    #[cfg(feature = "signing")]
    pub async fn ring(&self) -> Result<Arc<Ring>, Error> {
        self.0.ring.as_ref().ok_or_else(undeclared)?.get().await
    }

    /// The published keys.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] until there are any; [`Error::Internal`] in a function that does not say [`Need::Store`].
    pub async fn public_keys(&self) -> Result<Arc<PublicKeys>, Error> {
        self.0.public.as_ref().ok_or_else(undeclared)?.get().await
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
