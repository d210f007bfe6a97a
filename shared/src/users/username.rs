//! The username.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use unicode_security::mixed_script::AugmentedScriptSet;

use super::folding::{NameKey, fold};
use super::text_field::{between, text_field};
use crate::error::{Code, Violation};
use crate::openapi::text;
use crate::unicode::{is_invisible, nfkc};

/// The longest username, in characters after NFKC.
const USERNAME_MAX_CHARS: usize = 64;

text_field!(
    /// 1 to 64 characters: letters, digits, combining marks and `._-+` of one script, after NFKC.
    Username,
    text(
        "Letters, digits, combining marks and . _ - + of one script, counted after NFKC; no invisible characters, no mark at the \
         beginning, not . or .. alone. Scripts may be mixed as UTS 39's level Highly Restrictive allows it. Unique by Unicode's \
         identifier caseless match (D147).",
        "johndoe"
    )
    // What the rule says of ASCII. Unicode's classes mean something else, or nothing, to too many validators.
    .pattern(Some("^(?!\\.{1,2}$)[^\\u0000-*,/:-@[-^`{-\\u00a0]+$"))
    .min_length(Some(1))
    .max_length(Some(USERNAME_MAX_CHARS))
);

impl Username {
    /// Parses the typed value.
    pub fn parse(typed: &str) -> Result<Self, Violation> {
        let normal = nfkc(typed);
        between(normal.chars().count(), 1, USERNAME_MAX_CHARS, "characters")?;
        let rule = if !normal.chars().all(is_username_char) {
            "Only letters, digits, combining marks and . _ - + are allowed"
        } else if matches!(&*normal, "." | "..") {
            "Must not be . or .."
        } else if normal.starts_with(is_mark) {
            "Must not begin with a combining mark"
        } else if !is_highly_restrictive(&fold(typed)) {
            "Must not mix scripts, since letters of some look like letters of others; Latin beside Chinese, Japanese or Korean is allowed"
        } else {
            return Ok(Self(typed.to_owned()));
        };
        Err(Violation::new(Code::Invalid, rule))
    }

    /// Returns the key under which the store holds this name.
    pub fn key(&self) -> NameKey {
        NameKey::Username(fold(&self.0))
    }
}

/// Reports whether the scripts of a folded name are at UTS 39's restriction level Highly Restrictive (5.2): one script, or Latin
/// with the scripts of Chinese, Japanese or Korean. The identifier profile is ours, [`is_username_char`], and not UTS 39's, which
/// has no `+` and no script of limited use, so the crate's own check of levels does not fit.
fn is_highly_restrictive(folded: &str) -> bool {
    let latin = AugmentedScriptSet::for_char('a').base;
    let mut all = AugmentedScriptSet::default();
    let mut beside_latin = AugmentedScriptSet::default();
    for character in folded.chars() {
        let scripts = AugmentedScriptSet::for_char(character);
        all.intersect_with(scripts);
        if scripts.base.intersection(latin).is_empty() {
            beside_latin.intersect_with(scripts);
        }
    }
    !all.is_empty() || beside_latin.hanb || beside_latin.jpan || beside_latin.kore
}

/// Reports whether a username may have a character. Default-ignorable code points are rejected though some are letters or marks:
/// they are invisible, and two names that look alike would be two users.
fn is_username_char(character: char) -> bool {
    use GeneralCategory as G;
    matches!(character, '.' | '_' | '-' | '+')
        || ((is_mark(character)
            || matches!(
                category(character),
                G::UppercaseLetter
                    | G::LowercaseLetter
                    | G::TitlecaseLetter
                    | G::ModifierLetter
                    | G::OtherLetter
                    | G::DecimalNumber
            ))
            && !is_invisible(character))
}

fn is_mark(character: char) -> bool {
    use GeneralCategory as G;
    matches!(
        category(character),
        G::NonspacingMark | G::SpacingMark | G::EnclosingMark
    )
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}
