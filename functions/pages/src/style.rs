//! The style of the pages, with the deployment's colours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Environment, Error, Value};
use sha2::{Digest, Sha256};

/// The style sheet inside of each page, and its source expression (Content Security Policy Level 3, section 2.3.1).
pub(crate) struct Style {
    pub(crate) css: String,
    pub(crate) source: String,
}

impl Style {
    /// Renders the style sheet.
    pub(crate) fn new(environment: &Environment<'_>, accents: Value) -> Result<Self, Error> {
        let css = environment.get_template("page.css")?.render(accents)?;
        let digest = STANDARD.encode(Sha256::digest(css.as_bytes()));
        Ok(Self {
            css,
            source: format!("'sha256-{digest}'"),
        })
    }
}
