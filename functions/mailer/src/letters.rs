//! Mails as they are written: the texts of a language in the templates of the two forms.

use minijinja::{Environment, Value, context};
use shared::env::{Env, UI_LANGUAGE};
use shared::error::Error;
use shared::function::StartError;
use shared::mail::Purpose;
use shared::texts::{Text, accents, environment};

use crate::letter::{Fact, Letter, Subject};
use crate::texts::{FILES, Texts};
use crate::untrusted::shown;

const TEMPLATES: [(&str, &str); 2] = [
    ("mail.html", include_str!("../templates/mail.html")),
    ("mail.txt", include_str!("../templates/mail.txt")),
];

/// The texts and the look of a deployment's mails.
pub(crate) struct Letters {
    environment: Environment<'static>,
    texts: Texts,
    /// The variables that every text may use.
    values: Value,
    /// The variables that every mail has: the language, the service's name and the colours.
    look: Value,
}

/// What a mail says, in its two forms.
pub(crate) struct Content {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Letters {
    /// Reads language and colours, and renders each text, and each mail with a fact and a link, so that none fails later.
    ///
    /// # Errors
    ///
    /// [`StartError`] names the variable or the file.
    pub(crate) fn read(env: &Env<'_>, service: &str) -> Result<Self, StartError> {
        let language = env.get(&UI_LANGUAGE)?;
        let look = context! { language, service, ..accents(env)? };
        let wrong =
            |error: minijinja::Error| StartError::new(format!("functions/mailer/templates: {error:#}"));
        let environment = environment(&TEMPLATES).map_err(wrong)?;
        let values = context! {
            service,
            proof_hours => Purpose::Prove.seconds() / 3600,
            reset_minutes => Purpose::Reset.seconds() / 60,
            undo_days => Purpose::Undo.seconds() / 86_400,
        };
        let letters = Self {
            texts: FILES.read(language, &environment, &values)?,
            environment,
            values,
            look,
        };
        for subject in Subject::ALL {
            let facts = [(Fact::Account, String::new())];
            letters.write(subject, &facts, [(None, "")]).map_err(wrong)?;
        }
        Ok(letters)
    }

    /// Renders a mail with the URLs of its links, in their order.
    pub(crate) fn render(&self, letter: &Letter, urls: &[String]) -> Result<Content, Error> {
        let usernames = letter.links.iter().map(|link| link.username.as_deref());
        let links = usernames.zip(urls.iter().map(String::as_str));
        self.write(letter.subject, &letter.facts, links)
            .map_err(|error| Error::internal("the mail's template", format!("{error:#}")))
    }

    /// Writes a mail with its links: the username of each, where it has one, and its URL.
    fn write<'a>(
        &self,
        subject: Subject,
        facts: &[(Fact, String)],
        links: impl IntoIterator<Item = (Option<&'a str>, &'a str)>,
    ) -> Result<Content, minijinja::Error> {
        let texts = self.texts.of(subject);
        let subject = self.text(&texts.subject)?;
        let facts: Vec<Value> = facts
            .iter()
            .map(|(fact, value)| self.fact(*fact, value))
            .collect::<Result<_, _>>()?;
        let links: Vec<Value> = links
            .into_iter()
            .map(|(username, url)| self.link(username, url))
            .collect::<Result<_, _>>()?;
        let (introduction, button) = match &texts.links {
            Some(texts) => (self.text(&texts.introduction)?, self.text(&texts.button)?),
            None => Default::default(),
        };
        let context = context! {
            subject => subject.as_str(),
            heading => self.text(&texts.heading)?,
            paragraphs => self.all(&texts.paragraphs)?,
            notes => self.all(&texts.notes)?,
            by_hand => self.text(&self.texts.by_hand)?,
            footer => self.text(&self.texts.footer)?,
            facts, links, introduction, button,
            ..self.look.clone()
        };
        let render = |name| self.environment.get_template(name)?.render(&context);
        Ok(Content {
            text: render("mail.txt")?,
            html: render("mail.html")?,
            subject,
        })
    }

    fn text(&self, text: &Text) -> Result<String, minijinja::Error> {
        text.render(&self.environment, &self.values)
    }

    fn all(&self, texts: &[Text]) -> Result<Vec<String>, minijinja::Error> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    fn fact(&self, fact: Fact, value: &str) -> Result<Value, minijinja::Error> {
        let label = self.text(self.texts.fact(fact))?;
        let value = match fact {
            Fact::Account | Fact::ApiKey | Fact::Client => shown(value),
            // Not chosen by a client.
            Fact::Ip | Fact::Time => value.to_owned(),
        };
        Ok(context! { label, value })
    }

    fn link(&self, username: Option<&str>, url: &str) -> Result<Value, minijinja::Error> {
        let account = match username {
            Some(username) => self.fact(Fact::Account, username)?,
            None => {
                let label = self.text(self.texts.fact(Fact::Account))?;
                context! { label, value => self.text(&self.texts.no_username)? }
            }
        };
        // An origin, a path and base64url: nothing to escape, and a reader of the HTML copies it.
        Ok(context! { account, url => Value::from_safe_string(url.to_owned()) })
    }
}
