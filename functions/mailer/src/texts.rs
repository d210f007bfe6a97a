//! The texts of mails, one file for each language. Each text is a template of its own.

use serde::Deserialize;
use shared::texts::{Files, Text};

use crate::letter::{Fact, Subject};

/// The files of texts.
pub(crate) const FILES: Files = Files {
    folder: "functions/mailer/texts",
    by_language: &[
        ("en", include_str!("../texts/en.json")),
        ("de", include_str!("../texts/de.json")),
    ],
};

/// All texts of a language. A file without one of them does not start.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    facts: FactTexts,
    /// Stands in the place of a username.
    pub(crate) no_username: Text,
    /// Precedes the address of a button.
    pub(crate) by_hand: Text,
    pub(crate) footer: Text,
    mails: MailTexts,
}

/// What facts are called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactTexts {
    account: Text,
    api_key: Text,
    ip: Text,
    client: Text,
    time: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MailTexts {
    prove: LetterTexts,
    already: LetterTexts,
    reset: LetterTexts,
    password_changed: LetterTexts,
    address_changed: LetterTexts,
    api_key_created: LetterTexts,
    new_network: LetterTexts,
}

/// The texts of one mail.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetterTexts {
    pub(crate) subject: Text,
    pub(crate) heading: Text,
    pub(crate) paragraphs: Vec<Text>,
    /// What stands where there are links: an introduction and the text of each button.
    pub(crate) links: Option<LinkTexts>,
    /// Follows the links.
    pub(crate) notes: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkTexts {
    pub(crate) introduction: Text,
    pub(crate) button: Text,
}

impl Texts {
    pub(crate) fn fact(&self, fact: Fact) -> &Text {
        match fact {
            Fact::Account => &self.facts.account,
            Fact::ApiKey => &self.facts.api_key,
            Fact::Ip => &self.facts.ip,
            Fact::Client => &self.facts.client,
            Fact::Time => &self.facts.time,
        }
    }

    pub(crate) fn of(&self, subject: Subject) -> &LetterTexts {
        match subject {
            Subject::Prove => &self.mails.prove,
            Subject::Already => &self.mails.already,
            Subject::Reset => &self.mails.reset,
            Subject::PasswordChanged => &self.mails.password_changed,
            Subject::AddressChanged => &self.mails.address_changed,
            Subject::ApiKeyCreated => &self.mails.api_key_created,
            Subject::NewNetwork => &self.mails.new_network,
        }
    }
}
