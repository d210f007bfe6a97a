//! Why a template can't be followed.

use std::error::Error;
use std::fmt;

/// Why a template can't be followed. Each message names the resource to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateError {
    /// The text is no YAML.
    NotYaml {
        /// The parser's own words, with line and column.
        reason: String,
    },
    /// The text is YAML, but has no `Resources` mapping.
    NoResources,
    /// A tag or an `Fn::` key that CloudFormation does not have.
    UnknownIntrinsic {
        /// The resource's logical id, or the name of the section outside `Resources`.
        logical_id: String,
        /// The function as it is written, such as `!Reff`.
        intrinsic: String,
    },
    /// A property that must be there is not.
    Missing {
        /// The resource's logical id.
        logical_id: String,
        /// The property's path inside the resource.
        property: &'static str,
    },
    /// A property has a form that the local tools do not read.
    Unreadable {
        /// The resource's logical id.
        logical_id: String,
        /// The property's path inside the resource.
        property: &'static str,
        /// The forms that are read.
        expected: &'static str,
    },
}

impl fmt::Display for TemplateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYaml { reason } => write!(out, "the template is no YAML: {reason}"),
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
