//! The parts of a configuration, each what one need asks for.

use std::path::PathBuf;

use url::Url;

use crate::keys::Kind;

/// Where the users are.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `TABLE_NAME`.
    pub table_name: String,
    /// `DYNAMODB_ENDPOINT`; `None` for AWS.
    pub endpoint: Option<Url>,
}

/// The parameters of new password hashes (RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Config {
    /// `ARGON2_MEMORY_KIB`, m.
    pub memory_kib: u32,
    /// `ARGON2_ITERATIONS`, t.
    pub iterations: u32,
    /// `ARGON2_PARALLELISM`, p.
    pub parallelism: u32,
}

impl Argon2Config {
    /// KiB; the least that OWASP lists, and the most that a function of 256 MB can hold.
    pub const MEMORY_KIB: (u32, u32) = (7_168, 131_072);
    /// Passes.
    pub const ITERATIONS: (u32, u32) = (1, 16);
    /// Lanes.
    pub const PARALLELISM: (u32, u32) = (1, 16);
}

/// What every access token says (RFC 9068).
#[derive(Clone, Debug)]
pub struct TokenConfig {
    /// `ISSUER`.
    pub issuer: String,
    /// `AUDIENCE`, or the issuer.
    pub audience: String,
}

/// How access tokens are issued.
#[derive(Clone, Debug)]
pub struct SigningConfig {
    /// `CLIENT_ID`: the client of every token until clients can be registered.
    pub client_id: String,
}

/// Which grants are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantsConfig {
    /// `ENABLE_PASSWORD_GRANT`.
    pub password: bool,
}

/// How the private keys are reached.
#[derive(Clone, Debug)]
pub struct RingConfig {
    /// Where they are.
    pub place: RingPlace,
    /// `SECRETS_MANAGER_ENDPOINT`; `None` for AWS.
    pub endpoint: Option<Url>,
}

/// Where the private keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RingPlace {
    /// `SIGNING_KEYS_SECRET`.
    Secret(String),
    /// `SIGNING_KEYS_FILE`.
    File(PathBuf),
}

impl RingPlace {
    /// The variable that says so.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        match self {
            Self::Secret(_) => "SIGNING_KEYS_SECRET",
            Self::File(_) => "SIGNING_KEYS_FILE",
        }
    }
}

/// How old a function's own copy of published keys may be before it is read again, in seconds.
pub const COPY_SECONDS: u32 = 5 * 60;

/// How far ahead of its use a key is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadConfig {
    /// `KEY_LEAD_SECONDS`: longer than any verifier keeps what was published. API Gateway keeps it for 2 hours.
    pub seconds: u32,
}

impl LeadConfig {
    /// How long after a signature its key must still be published, in seconds: as long as the token lives, and verifiers keep for
    /// the lead what they fetched.
    #[must_use]
    pub fn reach_seconds(self, token_life_seconds: u32) -> u32 {
        token_life_seconds.saturating_add(self.seconds)
    }

    /// How old a function's own copy of ring or published keys may be before it is read again, in seconds: five minutes, or less
    /// where the lead is shortened.
    #[must_use]
    pub fn copy_seconds(self) -> u32 {
        (self.seconds / 72).min(COPY_SECONDS)
    }

    /// How long an answer that publishes keys may be kept by whoever gets it, in seconds: a small part of the lead, so that a
    /// cache before a verifier that keeps keys for API Gateway's 2 hours leaves enough of it.
    #[must_use]
    pub fn cache_seconds(self) -> u32 {
        self.seconds / 24
    }
}

/// How new keys are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationConfig {
    /// `KEY_ROTATION_SECONDS`.
    pub seconds: u32,
    /// `KEY_KIND`.
    pub kind: Kind,
}
