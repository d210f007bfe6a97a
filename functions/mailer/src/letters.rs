//! Mails as they are written: the texts of a language in the templates of the two forms.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use shared::color::Rgb;
use shared::env::{ACCENT_COLOR, ACCENT_COLOR_DARK, Env, UI_LANGUAGE};
use shared::error::Error;
use shared::function::StartError;
use shared::users::Email;

use crate::letter::{Fact, Letter, Link, Subject};
use crate::texts::{Text, Texts};
use crate::untrusted::shown;

/// The texts and the look of a deployment's mails.
pub(crate) struct Letters {
    environment: Environment<'static>,
    texts: Texts,
    language: &'static str,
    service: String,
    accent: Rgb,
    accent_dark: Rgb,
}

/// What a mail says, in its two forms.
pub(crate) struct Content {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Letters {
    /// Reads language and colours, and renders each mail once, as if to an address, so that none fails later.
    ///
    /// # Errors
    ///
    /// [`StartError`] names the variable or the file.
    pub(crate) fn read(env: &Env<'_>, service: &str, to: &Email) -> Result<Self, StartError> {
        let language = env.get(&UI_LANGUAGE)?;
        let wrong = |error: minijinja::Error| StartError::new(format!("functions/mailer: {error:#}"));
        let letters = Self {
            environment: environment().map_err(wrong)?,
            texts: Texts::read(language)?,
            language,
            service: service.to_owned(),
            accent: env.get(&ACCENT_COLOR)?,
            accent_dark: env.get(&ACCENT_COLOR_DARK)?,
        };
        for subject in Subject::ALL {
            let empty = Letter {
                to: to.clone(),
                subject,
                facts: Vec::new(),
                links: Vec::new(),
            };
            letters.write(&empty, &[]).map_err(wrong)?;
        }
        Ok(letters)
    }

    /// Renders a mail with the URLs of its links, in their order.
    pub(crate) fn render(&self, letter: &Letter, urls: &[String]) -> Result<Content, Error> {
        self.write(letter, urls)
            .map_err(|error| Error::internal("the mail's template", format!("{error:#}")))
    }

    fn write(&self, letter: &Letter, urls: &[String]) -> Result<Content, minijinja::Error> {
        let texts = self.texts.of(letter.subject);
        let subject = self.text(&texts.subject)?;
        let facts: Vec<Value> = letter
            .facts
            .iter()
            .map(|(fact, value)| self.fact(*fact, value))
            .collect::<Result<_, _>>()?;
        let links: Vec<Value> = letter
            .links
            .iter()
            .zip(urls)
            .map(|(link, url)| self.link(link, url))
            .collect::<Result<_, _>>()?;
        let (introduction, button) = match &texts.links {
            Some(texts) => (self.text(&texts.introduction)?, self.text(&texts.button)?),
            None => Default::default(),
        };
        let context = context! {
            language => self.language,
            service => self.service.as_str(),
            subject => subject.as_str(),
            heading => self.text(&texts.heading)?,
            paragraphs => self.all(&texts.paragraphs)?,
            notes => self.all(&texts.notes)?,
            by_hand => self.text(&self.texts.by_hand)?,
            footer => self.text(&self.texts.footer)?,
            accent => self.accent.to_string(),
            accent_text => self.accent.legible_text().to_string(),
            accent_dark => self.accent_dark.to_string(),
            accent_text_dark => self.accent_dark.legible_text().to_string(),
            facts, links, introduction, button,
        };
        let render = |name| self.environment.get_template(name)?.render(&context);
        Ok(Content {
            text: render("mail.txt")?,
            html: render("mail.html")?,
            subject,
        })
    }

    fn text(&self, text: &Text) -> Result<String, minijinja::Error> {
        text.render(&self.environment, &self.service)
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

    fn link(&self, link: &Link, url: &str) -> Result<Value, minijinja::Error> {
        let account = match &link.username {
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

/// Creates the environment of the templates. A variable that is not there is an error.
fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).build()?);
    environment.set_auto_escape_callback(|name| match name {
        "mail.html" => AutoEscape::Html,
        // Plain text, and texts, which the mail's HTML escapes.
        _ => AutoEscape::None,
    });
    environment.add_template("mail.html", include_str!("../templates/mail.html"))?;
    environment.add_template("mail.txt", include_str!("../templates/mail.txt"))?;
    Ok(environment)
}
