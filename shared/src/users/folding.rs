//! How names are compared: which spellings are one name, and the key under which the store holds a name.
//!
//! Two names are the same where NFKC, full case folding and NFKC again give the same text (`Straße` = `STRASSE`); the domain of
//! an e-mail address is compared after IDNA.

use icu_casemap::CaseMapperBorrowed;

use crate::unicode::nfkc;

/// Applies NFKC, full case folding (Unicode 3.13, not the Turkic kind) and NFKC.
pub(super) fn fold(text: &str) -> String {
    let mapper = CaseMapperBorrowed::new();
    nfkc(&mapper.fold_string(&nfkc(text))).into_owned()
}

/// The key of a name in the store: one key for all spellings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameKey {
    /// A username.
    Username(String),
    /// An e-mail address.
    Email(String),
}
