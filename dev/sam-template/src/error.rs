//! Why a template can't be read.

use std::error::Error;
use std::fmt;

/// Why a template can't be read. Each message names the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateError {
    /// The text is not YAML.
    NotYaml {
        /// The parser's message, with line and column.
        reason: String,
    },
    /// The text is YAML, but has no `Resources` mapping.
    NoResources,
    /// CloudFormation has no such tag or `Fn::` key.
    UnknownIntrinsic {
        /// The resource's logical id, or the name of the section outside `Resources`.
        logical_id: String,
        /// The function as written, such as `!Reff`.
        intrinsic: String,
    },
    /// A required property is missing.
    Missing {
        /// The resource's logical id.
        logical_id: String,
        /// The property's path inside the resource.
        property: &'static str,
    },
    /// A property has a form that this crate does not read.
    Unreadable {
        /// The resource's logical id.
        logical_id: String,
        /// The property's path inside the resource.
        property: &'static str,
        /// The expected forms.
        expected: &'static str,
    },
}

impl fmt::Display for TemplateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYaml { reason } => write!(out, "the template is not YAML: {reason}"),
            Self::NoResources => out.write_str("the template has no `Resources`"),
            Self::UnknownIntrinsic {
                logical_id,
                intrinsic,
            } => {
                write!(
                    out,
                    "{logical_id}: CloudFormation has no intrinsic function `{intrinsic}`"
                )
            }
            Self::Missing { logical_id, property } => write!(out, "{logical_id}: `{property}` is missing"),
            Self::Unreadable {
                logical_id,
                property,
                expected,
            } => {
                write!(out, "{logical_id}: `{property}` must be {expected}")
            }
        }
    }
}

impl Error for TemplateError {}
