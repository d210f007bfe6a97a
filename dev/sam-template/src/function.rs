//! The functions of a template.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::TemplateError;
use crate::document::{Document, Resource};
use crate::intrinsic;

pub(crate) const TYPE: &str = "AWS::Serverless::Function";

/// Lambda's default, where neither the function nor `Globals` has a timeout.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);

const TIMEOUT: &str = "Properties/Timeout";

/// An `AWS::Serverless::Function`, with what `Globals` adds to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The logical id.
    pub logical_id: String,
    /// The cargo package and its binary, such as `token`.
    pub package: String,
    /// The time limit of an invocation.
    pub timeout: Duration,
    /// The environment variables. A value is `None` where only a deployment knows it, such as a table's name.
    pub environment: BTreeMap<String, Option<String>>,
}

pub(crate) fn functions(document: &Document) -> Result<Vec<Function>, TemplateError> {
    document
        .resources_of_type(TYPE)
        .map(|resource| function(document, resource))
        .collect()
}

fn function(document: &Document, resource: Resource<'_>) -> Result<Function, TemplateError> {
    Ok(Function {
        logical_id: resource.logical_id.to_owned(),
        package: package(document, resource)?,
        timeout: timeout(document, resource)?,
        environment: environment(document, resource),
    })
}

/// Returns the package: `Binary`, which `sam build` passes to `cargo lambda`, or else the name of the built folder.
fn package(document: &Document, resource: Resource<'_>) -> Result<String, TemplateError> {
    const FROM: &str = "Metadata/BuildProperties/Binary";
    if let Some(binary) = resource.get(FROM) {
        return intrinsic::text(document, binary)
            .ok_or_else(|| resource.unreadable(FROM, "the name of a binary"));
    }
    let folder = resource
        .get("Properties/CodeUri")
        .and_then(|value| intrinsic::text(document, value));
    folder
        .as_deref()
        .and_then(|folder| folder.trim_end_matches('/').rsplit('/').next())
        .filter(|name| !name.is_empty() && !name.starts_with('.'))
        .map(str::to_owned)
        .ok_or_else(|| TemplateError::Missing {
            logical_id: resource.logical_id.to_owned(),
            property: FROM,
        })
}

fn timeout(document: &Document, resource: Resource<'_>) -> Result<Duration, TemplateError> {
    let Some(value) = resource
        .get(TIMEOUT)
        .or_else(|| document.section("Globals", "Function/Timeout"))
    else {
        return Ok(DEFAULT_TIMEOUT);
    };
    intrinsic::text(document, value)
        .and_then(|text| text.parse().ok())
        .map(Duration::from_secs)
        .ok_or_else(|| {
            resource.unreadable(
                TIMEOUT,
                "a whole number of seconds, or a parameter that defaults to one",
            )
        })
}

/// Merges the two maps as SAM does: the function's own value has precedence.
fn environment(document: &Document, resource: Resource<'_>) -> BTreeMap<String, Option<String>> {
    let everywhere = document.section("Globals", "Function/Environment/Variables");
    let own = resource.get("Properties/Environment/Variables");
    [everywhere, own]
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flatten()
        .map(|(name, value)| (name.clone(), intrinsic::text(document, value)))
        .collect()
}
