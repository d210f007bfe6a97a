//! The texts of the pages, one file for each language. Each text is a template of its own.

use serde::Deserialize;
use shared::texts::{Files, Text};

use crate::Form;

/// The files of texts.
pub(crate) const FILES: Files = Files {
    folder: "functions/pages/texts",
    by_language: &[
        ("en", include_str!("../texts/en.json")),
        ("de", include_str!("../texts/de.json")),
    ],
};

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

impl Texts {
    /// Returns the texts of a form.
    pub(crate) fn of(&self, form: Form) -> &FormTexts {
        match form {
            Form::VerifyEmail => &self.verify_email,
            Form::ResetPassword => &self.reset_password,
        }
    }
}
