//! The texts of mails, one file for each language. Each text is a template of its own.

use minijinja::{Environment, context};
use serde::Deserialize;
use shared::function::StartError;
use shared::mail::Purpose;

use crate::letter::{Fact, Subject};

/// The files, by `UI_LANGUAGE`.
const FILES: [(&str, &str); 2] = [
    ("en", include_str!("../texts/en.json")),
    ("de", include_str!("../texts/de.json")),
];

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

/// A text with the variables `service`, the service's name, and `proof_hours`, `reset_minutes` and `undo_days`, how long links live.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text(String);

impl Texts {
    /// Reads the texts of a language.
    pub(crate) fn read(language: &str) -> Result<Self, StartError> {
        let wrong = |why: String| StartError::new(format!("functions/mailer/texts/{language}.json: {why}"));
        let (_, file) = FILES
            .into_iter()
            .find(|(known, _)| *known == language)
            .ok_or_else(|| wrong("there is no such file".to_owned()))?;
        serde_json::from_str(file).map_err(|error| wrong(error.to_string()))
    }

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

impl Text {
    /// Renders the text, which is not HTML: the template of the mail escapes it.
    pub(crate) fn render(
        &self,
        environment: &Environment<'_>,
        service: &str,
    ) -> Result<String, minijinja::Error> {
        let context = context! {
            service,
            proof_hours => Purpose::Prove.seconds() / 3600,
            reset_minutes => Purpose::Reset.seconds() / 60,
            undo_days => Purpose::Undo.seconds() / 86_400,
        };
        environment.render_str(&self.0, context)
    }
}
