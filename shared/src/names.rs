//! How names are compared: which spellings are one name, and under which key a name is found in the store.
//!
//! Two names are the same where NFKC, full case folding and NFKC again give the same text (`Straße` = `STRASSE`); the
//! domain of an e-mail address is compared after IDNA. Registration and log-in use this module and nothing else.

use std::borrow::Cow;

use icu_casemap::CaseMapperBorrowed;
use icu_normalizer::ComposingNormalizerBorrowed;

use crate::user::{Email, Username};

/// Unicode normalization form KC, as NIST SP 800-63B asks for passwords and UTS 39 for identifiers.
#[must_use]
pub fn nfkc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfkc().normalize(text)
}

/// NFKC, full case folding (Unicode 3.13, not the Turkic kind), NFKC.
#[must_use]
pub fn fold(text: &str) -> String {
    let mapper = CaseMapperBorrowed::new();
    nfkc(&mapper.fold_string(&nfkc(text))).into_owned()
}

/// The key under which a name's marker stands in the store: one key for all spellings of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameKey {
    /// Of a username.
    Username(String),
    /// Of an e-mail address.
    Email(String),
}

impl NameKey {
    /// The key of a name typed at log-in: with an `@` only ever an e-mail address, without one only ever a username, so
    /// that nobody can take another person's address as a name. `None` for what cannot be a name; log-in answers that
    /// like any unknown name.
    #[must_use]
    pub fn at_log_in(typed: &str) -> Option<Self> {
        if typed.contains('@') {
            Email::parse(typed).ok().map(|email| email.key())
        } else {
            Username::parse(typed).ok().map(|username| username.key())
        }
    }
}
