//! The examples that `cargo dev --example` serves beside the service.

use clap::ValueEnum;
use sam_template::{Template, TemplateError};

/// The name of the links' table in the embedded engine: its logical id in the example's template.
pub(crate) const LINKS_TABLE: &str = "LinksTable";

/// An example: an API of its own, whose callers have the service's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Example {
    /// `examples/links`.
    Links,
}

impl Example {
    /// Returns its template, as it was when this crate was built.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] for one that cannot be read.
    pub fn template(self) -> Result<Template, TemplateError> {
        match self {
            Self::Links => Template::parse(include_str!("../../../examples/links/template.yaml")),
        }
    }
}
