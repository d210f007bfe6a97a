//! The texts of the pages, one file for each language. Each text is a template of its own.

use minijinja::{Environment, context};
use serde::Deserialize;
use serde_json::Value;
use shared::error::Error;
use shared::function::StartError;

use crate::Form;

/// The files, by `UI_LANGUAGE`.
const FILES: [(&str, &str); 2] = [
    ("en", include_str!("../texts/en.json")),
    ("de", include_str!("../texts/de.json")),
];

/// A text with the variables of [`Values`].
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text(String);

/// All texts of a language. A file without one of them does not start.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    /// Precedes the title of a page with a problem.
    pub(crate) problem_title: Text,
    verify_email: FormTexts,
    reset_password: FormTexts,
    pub(crate) problems: ProblemTexts,
}

/// The texts of a form and of its outcomes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormTexts {
    pub(crate) heading: Text,
    pub(crate) introduction: Text,
    pub(crate) label: Text,
    pub(crate) hint: Text,
    pub(crate) button: Text,
    pub(crate) note: Text,
    pub(crate) done_heading: Text,
    pub(crate) done: Text,
    pub(crate) refused_heading: Text,
    pub(crate) bad_link: Text,
    pub(crate) new_link: Text,
}

/// What went wrong.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProblemTexts {
    pub(crate) password_missing: Text,
    pub(crate) wrong_password: Text,
    pub(crate) too_short: Text,
    pub(crate) too_long: Text,
    pub(crate) common: Text,
    pub(crate) not_allowed: Text,
    pub(crate) inactive: Text,
    pub(crate) throttled: Text,
    pub(crate) unavailable: Text,
    pub(crate) internal: Text,
    pub(crate) unreadable: Text,
}

/// The variables that every text may use.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    /// The service's name.
    pub(crate) service: &'a str,
    /// The length of the shortest password.
    pub(crate) minimum: u32,
    /// The API's message, in English; empty where there is none.
    pub(crate) message: &'a str,
    /// How long to wait; 0 where there is nothing to wait for.
    pub(crate) seconds: u32,
}

impl Texts {
    /// Reads the texts of a language, and renders each once, so that none fails at a request.
    pub(crate) fn read(
        language: &str,
        environment: &Environment<'_>,
        values: Values<'_>,
    ) -> Result<Self, StartError> {
        let path = format!("functions/pages/texts/{language}.json");
        let wrong = |why: String| StartError::new(format!("{path}: {why}"));
        let (_, file) = FILES
            .into_iter()
            .find(|(known, _)| *known == language)
            .ok_or_else(|| wrong("there is no such file".to_owned()))?;
        let texts: Value = serde_json::from_str(file).map_err(|error| wrong(error.to_string()))?;
        render_all(&texts, environment, values).map_err(|error| wrong(error.to_string()))?;
        Self::deserialize(texts).map_err(|error| wrong(error.to_string()))
    }

    /// Returns the texts of a form.
    pub(crate) fn of(&self, form: Form) -> &FormTexts {
        match form {
            Form::VerifyEmail => &self.verify_email,
            Form::ResetPassword => &self.reset_password,
        }
    }
}

fn render_all(
    texts: &Value,
    environment: &Environment<'_>,
    values: Values<'_>,
) -> Result<(), minijinja::Error> {
    match texts {
        Value::String(text) => render(text, environment, values).map(|_| ()),
        Value::Object(texts) => texts
            .values()
            .try_for_each(|text| render_all(text, environment, values)),
        _ => Ok(()),
    }
}

impl Text {
    /// Renders the text. It is not HTML: the page escapes it.
    pub(crate) fn render(&self, environment: &Environment<'_>, values: Values<'_>) -> Result<String, Error> {
        render(&self.0, environment, values).map_err(|error| Error::internal("the text", error.to_string()))
    }
}

fn render(text: &str, environment: &Environment<'_>, values: Values<'_>) -> Result<String, minijinja::Error> {
    let Values {
        service,
        minimum,
        message,
        seconds,
    } = values;
    environment.render_str(text, context! { service, minimum, message, seconds })
}
