//! Why a template can't be read.

use thiserror::Error;

/// Why a template can't be read. Each message names the resource.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The text is not YAML.
    #[error("the template is not YAML: {reason}")]
    NotYaml {
        /// The parser's message, with line and column.
        reason: String,
    },
    /// The text is YAML, but has no `Resources` mapping.
    #[error("the template has no `Resources`")]
    NoResources,
    /// CloudFormation has no such tag or `Fn::` key.
    #[error("{logical_id}: CloudFormation has no intrinsic function `{intrinsic}`")]
    UnknownIntrinsic {
        /// The resource's logical id, or the name of the section outside `Resources`.
        logical_id: String,
        /// The function as written, such as `!Reff`.
        intrinsic: String,
    },
    /// A required property is missing.
    #[error("{logical_id}: `{property}` is missing")]
    Missing {
        /// The resource's logical id.
        logical_id: String,
        /// The property's path inside the resource.
        property: &'static str,
    },
    /// A property has a form that this crate does not read.
    #[error("{logical_id}: `{property}` must be {expected}")]
    Unreadable {
        /// The resource's logical id.
        logical_id: String,
        /// The property's path inside the resource.
        property: &'static str,
        /// The expected forms.
        expected: &'static str,
    },
}
