//! The style of the pages, with the deployment's colours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::context;
use sha2::{Digest, Sha256};
use shared::color::Rgb;

/// The colour of buttons, and that of the text on them, in one colour scheme.
pub(crate) struct Accent {
    color: Rgb,
    text: Rgb,
}

impl Accent {
    /// Chooses the text's colour by contrast, so that every colour of a button can be configured.
    pub(crate) fn new(color: Rgb) -> Self {
        Self {
            color,
            text: color.legible_text(),
        }
    }
}

/// The style sheet inside of each page, and its source expression (Content Security Policy Level 3, section 2.3.1).
pub(crate) struct Style {
    pub(crate) css: String,
    pub(crate) source: String,
}

impl Style {
    /// Renders the style sheet.
    pub(crate) fn new(
        environment: &minijinja::Environment<'_>,
        light: &Accent,
        dark: &Accent,
    ) -> Result<Self, minijinja::Error> {
        let css = environment.get_template("page.css")?.render(context! {
            accent => light.color.to_string(),
            accent_text => light.text.to_string(),
            accent_dark => dark.color.to_string(),
            accent_text_dark => dark.text.to_string(),
        })?;
        let digest = STANDARD.encode(Sha256::digest(css.as_bytes()));
        Ok(Self {
            css,
            source: format!("'sha256-{digest}'"),
        })
    }
}
