//! What people read, in pages and mails: the texts of the deployment's language, and the templates that they stand in.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, UndefinedBehavior, Value, context};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::env::{ACCENT_COLOR, ACCENT_COLOR_DARK, Env, EnvError};
use crate::function::StartError;

/// A text, which is a template of its own. It is not HTML: the template that it stands in escapes it.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Renders the text with the values of its variables.
    ///
    /// # Errors
    ///
    /// The template's error, such as a variable without a value.
    pub fn render(&self, environment: &Environment<'_>, values: &Value) -> Result<String, Error> {
        environment.render_str(&self.0, values.clone())
    }
}

/// The files of texts, one for each language.
#[derive(Debug)]
pub struct Files {
    /// The folder, as errors name it.
    pub folder: &'static str,
    /// The files, by `UI_LANGUAGE`.
    pub by_language: &'static [(&'static str, &'static str)],
}

impl Files {
    /// Reads the texts of a language, and renders each once, so that none fails at a request.
    ///
    /// # Errors
    ///
    /// [`StartError`] names the file with a text that is missing or wrong.
    pub fn read<T: DeserializeOwned>(
        &self,
        language: &str,
        environment: &Environment<'_>,
        values: &Value,
    ) -> Result<T, StartError> {
        let wrong = |why: String| StartError::new(format!("{}/{language}.json: {why}", self.folder));
        let (_, file) = self
            .by_language
            .iter()
            .find(|(known, _)| *known == language)
            .ok_or_else(|| wrong("there is no such file".to_owned()))?;
        let texts: serde_json::Value =
            serde_json::from_str(file).map_err(|error| wrong(error.to_string()))?;
        render_all(&texts, environment, values).map_err(|error| wrong(error.to_string()))?;
        T::deserialize(texts).map_err(|error| wrong(error.to_string()))
    }
}

fn render_all(texts: &serde_json::Value, environment: &Environment<'_>, values: &Value) -> Result<(), Error> {
    let each = |text| render_all(text, environment, values);
    match texts {
        serde_json::Value::String(text) => environment.render_str(text, values.clone()).map(|_| ()),
        serde_json::Value::Array(texts) => texts.iter().try_for_each(each),
        serde_json::Value::Object(texts) => texts.values().try_for_each(each),
        _ => Ok(()),
    }
}

/// Creates the environment of templates, each with its name. A variable that is not there is an error, and `*.html` escapes its values.
///
/// # Errors
///
/// The error of a template's syntax.
pub fn environment(templates: &[(&'static str, &'static str)]) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).build()?);
    for (name, template) in templates {
        environment.add_template(name, template)?;
    }
    Ok(environment)
}

/// Reads the colours of buttons for templates: `accent` and `accent_dark`, and `accent_text` and `accent_text_dark` on them, which are chosen by
/// contrast, so that every colour can be configured.
///
/// # Errors
///
/// [`EnvError`] names the variable.
pub fn accents(env: &Env<'_>) -> Result<Value, EnvError> {
    let (light, dark) = (env.get(&ACCENT_COLOR)?, env.get(&ACCENT_COLOR_DARK)?);
    Ok(context! {
        accent => light.to_string(),
        accent_text => light.legible_text().to_string(),
        accent_dark => dark.to_string(),
        accent_text_dark => dark.legible_text().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use minijinja::context;

    use super::{Files, Text, environment};

    #[test]
    fn a_text_that_cannot_be_rendered_is_an_error_of_the_start() {
        const WITH_SEVERAL: &str = r#"{"one": ["{{ service }}", "{{ hours }}"]}"#;
        let files = Files {
            folder: "texts",
            by_language: &[("en", WITH_SEVERAL), ("de", r#"{"one": "{{"}"#), ("fr", "[]")],
        };
        let read = |language, values| {
            let read =
                files.read::<BTreeMap<String, Vec<Text>>>(language, &environment(&[]).unwrap(), &values);
            read.map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(read("en", context! { service => "a", hours => 1 }), Ok(()));
        for (language, values) in [
            ("en", context! { service => "a" }),
            ("de", context! {}),
            ("fr", context! {}),
            ("it", context! {}),
        ] {
            let error = read(language, values).unwrap_err();
            assert!(error.starts_with(&format!("texts/{language}.json: ")), "{error}");
        }
    }

    #[test]
    fn html_escapes_its_values_and_a_text_does_not() {
        let templates = [("a.html", "{{ text }}"), ("a.txt", "{{ text }}")];
        let environment = environment(&templates).unwrap();
        let text: Text = serde_json::from_str(r#""{{ name }}""#).unwrap();
        let text = text.render(&environment, &context! { name => "<b>" }).unwrap();
        assert_eq!(text, "<b>");
        let render = |name| {
            let template = environment.get_template(name).unwrap();
            template.render(context! { text => text.as_str() }).unwrap()
        };
        assert_eq!([render("a.html"), render("a.txt")], ["&lt;b&gt;", "<b>"]);
    }
}
