//! How each variable is read and which bounds it is held to.

use std::path::PathBuf;

use url::{Host, Url};

use super::{
    Argon2Config, ConfigError, GrantsConfig, LeadConfig, RingConfig, RingPlace, RotationConfig,
    SigningConfig, StoreConfig, TokenConfig, VARIABLES,
};
use crate::keys::KeysError;

/// Reads variables by their names.
pub(super) struct Reader<'a> {
    pub(super) lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl Reader<'_> {
    pub(super) fn store(&self) -> Result<StoreConfig, ConfigError> {
        let endpoint = self.endpoint("DYNAMODB_ENDPOINT")?;
        Ok(StoreConfig {
            table_name: self.text("TABLE_NAME")?,
            endpoint,
        })
    }

    pub(super) fn passwords(&self) -> Result<Argon2Config, ConfigError> {
        let config = Argon2Config {
            memory_kib: self.number("ARGON2_MEMORY_KIB", Argon2Config::MEMORY_KIB)?,
            iterations: self.number("ARGON2_ITERATIONS", Argon2Config::ITERATIONS)?,
            parallelism: self.number("ARGON2_PARALLELISM", Argon2Config::PARALLELISM)?,
        };
        Ok(config)
    }

    pub(super) fn tokens(&self) -> Result<TokenConfig, ConfigError> {
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

    pub(super) fn signing(&self) -> Result<SigningConfig, ConfigError> {
        Ok(SigningConfig {
            client_id: self.text("CLIENT_ID")?,
        })
    }

    pub(super) fn grants(&self) -> Result<GrantsConfig, ConfigError> {
        Ok(GrantsConfig {
            password: self.flag("ENABLE_PASSWORD_GRANT")?,
        })
    }

    pub(super) fn ring(&self) -> Result<RingConfig, ConfigError> {
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

    pub(super) fn lead(&self) -> Result<LeadConfig, ConfigError> {
        Ok(LeadConfig {
            seconds: self.number("KEY_LEAD_SECONDS", (2, 604_800))?,
        })
    }

    pub(super) fn rotation(&self) -> Result<RotationConfig, ConfigError> {
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

    pub(super) fn text(&self, name: &'static str) -> Result<String, ConfigError> {
        let default = VARIABLES
            .iter()
            .find(|variable| variable.name == name)
            .and_then(|variable| variable.default);
        (self.lookup)(name)
            .filter(|value| !value.is_empty())
            .or_else(|| default.map(str::to_owned))
            .ok_or_else(|| ConfigError::new(name, "must be set"))
    }

    pub(super) fn flag(&self, name: &'static str) -> Result<bool, ConfigError> {
        self.text(name)?
            .parse()
            .map_err(|_| ConfigError::new(name, "must be true or false"))
    }

    pub(super) fn number(&self, name: &'static str, (min, max): (u32, u32)) -> Result<u32, ConfigError> {
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
