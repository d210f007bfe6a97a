//! The issuer of access tokens, and what it offers.

use crate::env::{AUDIENCE, ENABLE_PASSWORD_GRANT, ENABLE_REFRESH_TOKENS, Env, EnvError, ISSUER};

/// The issuer and the audience that every access token names (RFC 9068 section 2.2).
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The claim `iss`, byte for byte.
    pub iss: String,
    /// The claim `aud`.
    pub aud: String,
}

impl Issuer {
    /// Reads issuer and audience.
    pub fn read(env: &Env<'_>) -> Result<Self, EnvError> {
        let iss = env.get(&ISSUER)?;
        let aud = match env.get(&AUDIENCE)? {
            empty if empty.is_empty() => iss.clone(),
            audience => audience,
        };
        Ok(Self { iss, aud })
    }
}

/// The grants that the token endpoint offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grants {
    /// The grant `password` (RFC 6749 section 4.3).
    pub password: bool,
    /// The grant `refresh_token` (RFC 6749 section 6), and with it `POST /revoke`.
    pub refresh_token: bool,
}

impl Grants {
    /// Reads the offered grants.
    pub fn read(env: &Env<'_>) -> Result<Self, EnvError> {
        Ok(Self {
            password: env.get(&ENABLE_PASSWORD_GRANT)?,
            refresh_token: env.get(&ENABLE_REFRESH_TOKENS)?,
        })
    }

    /// Returns the names of the offered grants (RFC 7591 section 2).
    pub fn names(self) -> Vec<&'static str> {
        let all = [
            (self.password, "password"),
            (self.refresh_token, "refresh_token"),
            (true, "client_credentials"),
        ];
        all.into_iter()
            .filter_map(|(offered, name)| offered.then_some(name))
            .collect()
    }
}
