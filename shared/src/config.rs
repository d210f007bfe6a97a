//! The configuration: every variable with its unit, default and bounds, read once at the cold start.
//!
//! A wrong value stops the start with a message that names the variable. The same table says which variables a function
//! is given, and a test holds `template.yaml` and the README against it.

use std::fmt;
use std::path::PathBuf;

use url::{Host, Url};

use crate::keys::{KeysError, Kind};

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

struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl Reader<'_> {
    fn store(&self) -> Result<StoreConfig, ConfigError> {
        let endpoint = self.endpoint("DYNAMODB_ENDPOINT")?;
        Ok(StoreConfig {
            table_name: self.text("TABLE_NAME")?,
            endpoint,
        })
    }

    fn passwords(&self) -> Result<Argon2Config, ConfigError> {
        let config = Argon2Config {
            memory_kib: self.number("ARGON2_MEMORY_KIB", Argon2Config::MEMORY_KIB)?,
            iterations: self.number("ARGON2_ITERATIONS", Argon2Config::ITERATIONS)?,
            parallelism: self.number("ARGON2_PARALLELISM", Argon2Config::PARALLELISM)?,
        };
        Ok(config)
    }

    fn tokens(&self) -> Result<TokenConfig, ConfigError> {
        let issuer = self.text("ISSUER")?;
        if !is_issuer(&issuer) {
            return Err(ConfigError::new(
                "ISSUER",
                "must be an https origin (http on loopback only) without path, query, fragment or trailing slash",
            ));
        }
        let audience = match self.text("AUDIENCE")? {
            empty if empty.is_empty() => issuer.clone(),
            audience => audience,
        };
        Ok(TokenConfig { issuer, audience })
    }

    fn signing(&self) -> Result<SigningConfig, ConfigError> {
        Ok(SigningConfig {
            client_id: self.text("CLIENT_ID")?,
        })
    }

    fn grants(&self) -> Result<GrantsConfig, ConfigError> {
        Ok(GrantsConfig {
            password: self.flag("ENABLE_PASSWORD_GRANT")?,
        })
    }

    fn ring(&self) -> Result<RingConfig, ConfigError> {
        let secret = self.text("SIGNING_KEYS_SECRET")?;
        let file = self.text("SIGNING_KEYS_FILE")?;
        let place = match (secret.is_empty(), file.is_empty()) {
            (false, true) => RingPlace::Secret(secret),
            (true, false) => RingPlace::File(PathBuf::from(file)),
            _ => {
                return Err(ConfigError::new(
                    "SIGNING_KEYS_SECRET",
                    "or SIGNING_KEYS_FILE must be set, and not both",
                ));
            }
        };
        Ok(RingConfig {
            place,
            endpoint: self.endpoint("SECRETS_MANAGER_ENDPOINT")?,
        })
    }

    fn lead(&self) -> Result<LeadConfig, ConfigError> {
        Ok(LeadConfig {
            seconds: self.number("KEY_LEAD_SECONDS", (2, 604_800))?,
        })
    }

    fn rotation(&self) -> Result<RotationConfig, ConfigError> {
        let seconds = self.number("KEY_ROTATION_SECONDS", (2, 31_536_000))?;
        if seconds < self.lead()?.seconds {
            return Err(ConfigError::new(
                "KEY_ROTATION_SECONDS",
                "must not be less than KEY_LEAD_SECONDS",
            ));
        }
        let kind = self.text("KEY_KIND")?.parse();
        Ok(RotationConfig {
            seconds,
            kind: kind.map_err(|error: KeysError| ConfigError::new("KEY_KIND", error.to_string()))?,
        })
    }

    fn endpoint(&self, name: &'static str) -> Result<Option<Url>, ConfigError> {
        match self.text(name)?.as_str() {
            "" => Ok(None),
            url => Url::parse(url)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https"))
                .map(Some)
                .ok_or_else(|| ConfigError::new(name, "must be an http or https URL")),
        }
    }

    fn text(&self, name: &'static str) -> Result<String, ConfigError> {
        let default = VARIABLES
            .iter()
            .find(|variable| variable.name == name)
            .and_then(|variable| variable.default);
        (self.lookup)(name)
            .filter(|value| !value.is_empty())
            .or_else(|| default.map(str::to_owned))
            .ok_or_else(|| ConfigError::new(name, "must be set"))
    }

    fn flag(&self, name: &'static str) -> Result<bool, ConfigError> {
        self.text(name)?
            .parse()
            .map_err(|_| ConfigError::new(name, "must be true or false"))
    }

    fn number(&self, name: &'static str, (min, max): (u32, u32)) -> Result<u32, ConfigError> {
        self.text(name)?
            .parse()
            .ok()
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| ConfigError::new(name, format!("must be a number from {min} to {max}")))
    }
}

/// An origin that is its own serialization: what clients compare byte for byte (RFC 8414 section 2, RFC 9068 section 4).
fn is_issuer(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    (url.scheme() == "https" || (url.scheme() == "http" && loopback))
        && url.origin().ascii_serialization() == text
}
