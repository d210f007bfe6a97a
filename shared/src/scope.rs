//! Scopes (RFC 6749 section 3.3): what a token or a key may be used for.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::env::{Env, EnvError, SCOPES};
use crate::error::{Code, Violation};

/// The longest list of scopes, in bytes as it is sent.
const MAX_BYTES: usize = 1024;

/// The scopes of OpenID Connect (Core section 5.4, 11), which only an OpenID Provider grants.
const OPENID: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

/// What is said of the scopes of OpenID Connect, to a client and to an operator.
pub const NO_OPENID: &str = "The scopes of OpenID Connect need an OpenID Provider, which Latchkey is not";

/// A set of scopes, each a `scope-token` of RFC 6749 section 3.3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// Parses a list whose members are separated by single spaces.
    ///
    /// # Errors
    ///
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        if text.len() > MAX_BYTES {
            return Err(too_long());
        }
        text.split(' ').map(parse_one).collect::<Result<_, _>>().map(Self)
    }

    /// Creates the set of these, each one scope. All together are as long as a list may be, since a token has them as one.
    ///
    /// # Errors
    ///
    /// The rule that one of them breaks, or all together.
    pub fn of<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Result<Self, Violation> {
        let scopes = scopes.into_iter().map(parse_one).collect::<Result<_, _>>()?;
        let scopes = Self(scopes);
        if scopes.to_string().len() > MAX_BYTES {
            return Err(too_long());
        }
        Ok(scopes)
    }

    /// Creates the set of these, which an operator grants or names.
    ///
    /// # Errors
    ///
    /// As [`Scopes::of`], and for the scopes of OpenID Connect.
    pub fn grantable<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Result<Self, Violation> {
        let scopes = Self::of(scopes)?;
        if scopes.asks_for_openid() {
            return Err(Violation::new(Code::Invalid, NO_OPENID));
        }
        Ok(scopes)
    }

    /// Reads the scopes that the deployment names.
    ///
    /// # Errors
    ///
    /// [`EnvError`] for an item that is no scope, or one of OpenID Connect's.
    pub fn read(env: &Env<'_>) -> Result<Self, EnvError> {
        let list = env.get(&SCOPES)?;
        let scopes = list.split(',').map(str::trim).filter(|_| !list.is_empty());
        // The rule and not the value, as of every variable.
        Self::grantable(scopes)
            .map_err(|violation| SCOPES.error(format!("has a wrong item: {}", violation.message)))
    }

    /// Wraps scopes that this service stored.
    pub(crate) fn known(scopes: impl IntoIterator<Item = String>) -> Self {
        Self(scopes.into_iter().collect())
    }

    /// Returns the scopes of a token that verified.
    pub fn of_token(claim: Option<&str>) -> Self {
        Self::known(
            claim
                .unwrap_or_default()
                .split_ascii_whitespace()
                .map(str::to_owned),
        )
    }

    /// Reports whether it has a scope.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// Reports whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reports whether all of these are in `others`.
    pub fn is_subset(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    /// Reports whether one of these is OpenID Connect's.
    pub fn asks_for_openid(&self) -> bool {
        OPENID.iter().any(|scope| self.contains(scope))
    }

    /// Returns those that are in `others`, too.
    #[must_use]
    pub fn within(&self, others: &Self) -> Self {
        Self(self.0.intersection(&others.0).cloned().collect())
    }

    /// Returns each scope, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Returns the value of the claim and of the response's member: absent where there is none, and never empty.
    pub fn claim(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.to_string())
    }
}

/// Writes the scopes, sorted, with a space between each two.
impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(formatter, "{space}{scope}")?;
        }
        Ok(())
    }
}

/// An array of texts.
impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// Checks a `scope-token`: `1*( %x21 / %x23-5B / %x5D-7E )`.
fn parse_one(text: &str) -> Result<String, Violation> {
    let is_scope = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if !text.is_empty() && text.bytes().all(is_scope) {
        return Ok(text.to_owned());
    }
    Err(Violation::new(
        Code::Invalid,
        "Each scope must have visible ASCII characters without quotation marks and backslashes",
    ))
}

fn too_long() -> Violation {
    Violation::new(Code::TooLong, "Must have at most 1024 bytes")
}
