//! The configuration: every variable with its unit, default and bounds, read once at the cold start.
//!
//! A wrong value stops the start with a message that names the variable. The same table says which variables a function
//! is given, and a test holds `template.yaml` and the README against it.

use std::fmt;
use std::path::PathBuf;

use url::{Host, Url};

/// What a function needs of the configuration; each variable belongs to one need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The table of users.
    Store,
    /// To hash passwords.
    Passwords,
    /// To know issuer and audience of access tokens.
    Tokens,
    /// To issue access tokens: the private keys.
    Signing,
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
        need: Need::Signing,
        default: Some("1800"),
        bounds: "seconds, 60 to 86400",
        meaning: "how long an access token lives",
    },
    Variable {
        name: "ENABLE_PASSWORD_GRANT",
        need: Need::Signing,
        default: Some("true"),
        bounds: "true or false",
        meaning: "whether the grant `password` is offered",
    },
    Variable {
        name: "SIGNING_KEYS_FILE",
        need: Need::Signing,
        default: None,
        bounds: "a path",
        meaning: "the file of the private signing keys",
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
    /// `ACCESS_TOKEN_SECONDS`.
    pub access_token_seconds: u32,
    /// `ENABLE_PASSWORD_GRANT`.
    pub password_grant: bool,
    /// `SIGNING_KEYS_FILE`.
    pub keys_file: PathBuf,
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
        let endpoint = match self.text("DYNAMODB_ENDPOINT")?.as_str() {
            "" => None,
            url => Some(
                Url::parse(url)
                    .ok()
                    .filter(|url| matches!(url.scheme(), "http" | "https"))
                    .ok_or_else(|| ConfigError::new("DYNAMODB_ENDPOINT", "must be an http or https URL"))?,
            ),
        };
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
            access_token_seconds: self.number("ACCESS_TOKEN_SECONDS", (60, 86_400))?,
            password_grant: self.flag("ENABLE_PASSWORD_GRANT")?,
            keys_file: PathBuf::from(self.text("SIGNING_KEYS_FILE")?),
        })
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
