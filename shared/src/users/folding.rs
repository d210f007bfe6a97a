//! How names are compared: which spellings are one name, and the key under which the store holds a name.
//!
//! Two names are the same by Unicode's identifier caseless match (3.13, D147): `Straße` = `STRASSE`, `ﬁnn` = `Finn`. A key is
//! computed of any text, whatever a registration accepts today, so that a name that was registered under other rules still logs in.

use icu_casemap::CaseMapperBorrowed;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use crate::unicode::{is_invisible, nfkc};

/// The longest folded name that a key of the table has room for, in bytes: 2,048, less the prefix of the key.
pub(super) const KEY_MAX_BYTES: usize = 2048 - "username#".len();

/// The key of a name in the store: one key for all spellings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameKey {
    /// A username.
    Username(String),
    /// An e-mail address.
    Email(String),
}

impl NameKey {
    /// Returns the key of a name typed at log-in: with an `@` only ever an e-mail address, without one only ever a username, so
    /// that no user can claim another person's address as a username. Returns `None` for text that no item can have as its key;
    /// log-in responds as for any unknown name.
    pub fn of(typed: &str) -> Option<Self> {
        // Folding a long text takes its time, and no name is so long as it is typed.
        if typed.len() > KEY_MAX_BYTES {
            return None;
        }
        let key = match typed.rsplit_once('@') {
            None => Self::Username(fold(typed)),
            Some((local, domain)) => Self::Email(format!("{}@{}", fold(local), ascii_domain(domain)?)),
        };
        Some(key).filter(|key| key.as_str().len() <= KEY_MAX_BYTES)
    }

    /// Returns the folded name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Username(folded) | Self::Email(folded) => folded,
        }
    }
}

/// Returns toNFKC_Casefold(NFD(text)) (Unicode 3.13, D147): no case, no compatibility forms, no invisible characters.
pub(super) fn fold(text: &str) -> String {
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(text);
    let mapped: String = decomposed.chars().map(nfkc_casefold).collect();
    ComposingNormalizerBorrowed::new_nfc()
        .normalize(&mapped)
        .into_owned()
}

/// Returns a character's NFKC_Casefold, which the Unicode Character Database defines as what is left when NFKC, full case folding
/// (not the Turkic kind) and the removal of default-ignorable code points change nothing any more. ICU4X has the three parts and not
/// the whole.
fn nfkc_casefold(character: char) -> String {
    let mapper = CaseMapperBorrowed::new();
    let mut text = character.to_string();
    loop {
        let visible: String = nfkc(&text)
            .chars()
            .filter(|character| !is_invisible(*character))
            .collect();
        let folded = nfkc(&mapper.fold_string(&visible)).into_owned();
        if folded == text {
            return folded;
        }
        text = folded;
    }
}

/// Returns a domain in its ASCII form (UTS 46, non-transitional, STD 3, DNS lengths, no root dot), or `None`.
pub(super) fn ascii_domain(domain: &str) -> Option<String> {
    Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .ok()
        .map(std::borrow::Cow::into_owned)
}
