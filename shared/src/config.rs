//! The configuration: every variable with its unit, default and bounds, read once at the cold start.
//!
//! A wrong value stops the start with a message that names the variable. The same table says which variables a function
//! is given, and a test holds `template.yaml` and the README against it.

use std::fmt;

mod parts;
mod reader;

pub use parts::{
    Argon2Config, COPY_SECONDS, GrantsConfig, LeadConfig, RingConfig, RingPlace, RotationConfig,
    SigningConfig, StoreConfig, TokenConfig,
};
use reader::Reader;

/// What a function needs of the configuration; each variable belongs to one need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The table of users.
    Store,
    /// To hash passwords.
    Passwords,
    /// To know issuer and audience of access tokens.
    Tokens,
    /// To issue access tokens.
    Signing,
    /// To know which grants are offered.
    Grants,
    /// To know how long access tokens live.
    TokenLife,
    /// To reach the private keys.
    Ring,
    /// To verify access tokens: what is published of the keys is read at the start.
    Verification,
    /// To know how far ahead of its use a key is published.
    Lead,
    /// To make new keys.
    Rotation,
    /// To know whether the gateway answers other origins.
    Origins,
}

/// One environment variable.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Which functions get it.
    pub need: Need,
    /// The value where it is not set or empty; `None` where it must be set.
    pub default: Option<&'static str>,
    /// Unit and bounds, in words.
    pub bounds: &'static str,
    /// What it decides.
    pub meaning: &'static str,
}

/// Every variable that the functions read, in the order of the README's table.
pub const VARIABLES: &[Variable] = &[
    Variable {
        name: "TABLE_NAME",
        need: Need::Store,
        default: None,
        bounds: "a table's name",
        meaning: "the DynamoDB table of users",
    },
    Variable {
        name: "DYNAMODB_ENDPOINT",
        need: Need::Store,
        default: Some(""),
        bounds: "an http or https URL",
        meaning: "where DynamoDB is, if not at AWS",
    },
    Variable {
        name: "ARGON2_MEMORY_KIB",
        need: Need::Passwords,
        default: Some("19456"),
        bounds: "KiB, 7168 to 131072",
        meaning: "memory of a password hash",
    },
    Variable {
        name: "ARGON2_ITERATIONS",
        need: Need::Passwords,
        default: Some("2"),
        bounds: "passes, 1 to 16",
        meaning: "passes of a password hash",
    },
    Variable {
        name: "ARGON2_PARALLELISM",
        need: Need::Passwords,
        default: Some("1"),
        bounds: "lanes, 1 to 16",
        meaning: "lanes of a password hash",
    },
    Variable {
        name: "ISSUER",
        need: Need::Tokens,
        default: None,
        bounds: "an https origin, http on loopback only",
        meaning: "the tokens' `iss`, byte for byte",
    },
    Variable {
        name: "AUDIENCE",
        need: Need::Tokens,
        default: Some(""),
        bounds: "text; empty for the issuer",
        meaning: "the tokens' `aud`",
    },
    Variable {
        name: "CLIENT_ID",
        need: Need::Signing,
        default: Some("latchkey"),
        bounds: "text",
        meaning: "the tokens' `client_id`",
    },
    Variable {
        name: "ACCESS_TOKEN_SECONDS",
        need: Need::TokenLife,
        default: Some("1800"),
        bounds: "seconds, 60 to 86400",
        meaning: "how long an access token lives",
    },
    Variable {
        name: "ENABLE_PASSWORD_GRANT",
        need: Need::Grants,
        default: Some("true"),
        bounds: "true or false",
        meaning: "whether the grant `password` is offered",
    },
    Variable {
        name: "SIGNING_KEYS_SECRET",
        need: Need::Ring,
        default: Some(""),
        bounds: "a secret's ARN or name, or empty and the file set",
        meaning: "the secret of the key ring",
    },
    Variable {
        name: "SECRETS_MANAGER_ENDPOINT",
        need: Need::Ring,
        default: Some(""),
        bounds: "an http or https URL",
        meaning: "where Secrets Manager is, if not at AWS",
    },
    Variable {
        name: "SIGNING_KEYS_FILE",
        need: Need::Ring,
        default: Some(""),
        bounds: "a path, or empty and the secret set",
        meaning: "the file of the key ring, in place of the secret",
    },
    Variable {
        name: "KEY_LEAD_SECONDS",
        need: Need::Lead,
        default: Some("21600"),
        bounds: "seconds, 2 to 604800",
        meaning: "how long a key is published before it signs",
    },
    Variable {
        name: "KEY_ROTATION_SECONDS",
        need: Need::Rotation,
        default: Some("2592000"),
        bounds: "seconds, 2 to 31536000, at least the lead",
        meaning: "how often a new key is made",
    },
    Variable {
        name: "KEY_KIND",
        need: Need::Rotation,
        default: Some("RS256"),
        bounds: "RS256, ES256 or EdDSA",
        meaning: "the kind of new keys; API Gateway takes RS256 alone",
    },
    Variable {
        name: "ALLOWED_ORIGINS",
        need: Need::Origins,
        default: Some(""),
        bounds: "origins, separated by commas",
        meaning: "origins whose pages the gateway lets call the API",
    },
];

/// What a function runs by. The parts that a function does not need are `None`.
#[derive(Clone, Debug)]
pub struct Config {
    /// [`Need::Store`].
    pub store: Option<StoreConfig>,
    /// [`Need::Passwords`].
    pub passwords: Option<Argon2Config>,
    /// [`Need::Tokens`].
    pub tokens: Option<TokenConfig>,
    /// [`Need::Signing`].
    pub signing: Option<SigningConfig>,
    /// [`Need::Grants`].
    pub grants: Option<GrantsConfig>,
    /// [`Need::TokenLife`]: `ACCESS_TOKEN_SECONDS`.
    pub access_token_seconds: Option<u32>,
    /// [`Need::Ring`].
    pub ring: Option<RingConfig>,
    /// [`Need::Lead`].
    pub lead: Option<LeadConfig>,
    /// [`Need::Rotation`].
    pub rotation: Option<RotationConfig>,
    /// [`Need::Verification`].
    pub verification: bool,
    /// [`Need::Origins`]: whether the gateway answers other origins, since `ALLOWED_ORIGINS` names any.
    pub gateway_owns_cors: Option<bool>,
}

/// Why a start stopped.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    variable: &'static str,
    rule: String,
}

impl ConfigError {
    /// `variable` breaks `rule`, a phrase that follows the name.
    pub(crate) fn new(variable: &'static str, rule: impl Into<String>) -> Self {
        Self {
            variable,
            rule: rule.into(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.variable, self.rule)
    }
}

impl std::error::Error for ConfigError {}

impl StoreConfig {
    /// Reads [`Need::Store`] alone, for programs that are no function.
    ///
    /// # Errors
    ///
    /// As [`Config::read`].
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Reader { lookup: &lookup }.store()
    }
}

impl Config {
    /// Reads what `needs` ask for. `lookup` gives a variable's value; an empty value counts as not set.
    ///
    /// # Errors
    ///
    /// The first variable that is missing or wrong. The message holds no value, since a value may be a secret put in the
    /// wrong place.
    pub fn read(needs: &[Need], lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let reader = Reader { lookup: &lookup };
        let wants = |need| needs.contains(&need);
        Ok(Self {
            store: wants(Need::Store).then(|| reader.store()).transpose()?,
            passwords: wants(Need::Passwords).then(|| reader.passwords()).transpose()?,
            tokens: wants(Need::Tokens).then(|| reader.tokens()).transpose()?,
            signing: wants(Need::Signing).then(|| reader.signing()).transpose()?,
            grants: wants(Need::Grants).then(|| reader.grants()).transpose()?,
            access_token_seconds: wants(Need::TokenLife)
                .then(|| reader.number("ACCESS_TOKEN_SECONDS", (60, 86_400)))
                .transpose()?,
            ring: wants(Need::Ring).then(|| reader.ring()).transpose()?,
            lead: wants(Need::Lead).then(|| reader.lead()).transpose()?,
            verification: wants(Need::Verification),
            rotation: wants(Need::Rotation).then(|| reader.rotation()).transpose()?,
            gateway_owns_cors: wants(Need::Origins)
                .then(|| reader.text("ALLOWED_ORIGINS").map(|origins| !origins.is_empty()))
                .transpose()?,
        })
    }
}

/// A variable of the process's environment; `None` where it is not set or not Unicode.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that the ban points to"
)]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
