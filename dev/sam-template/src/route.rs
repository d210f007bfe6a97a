//! The routes of a template's HTTP API.

use serde_json::Value;

use crate::TemplateError;
use crate::document::{Document, Resource};
use crate::function;
use crate::intrinsic::{self, Part};

const INTEGRATION_URI: &str = "Properties/IntegrationUri";
const ROUTE_KEY: &str = "Properties/RouteKey";
const TARGET: &str = "Properties/Target";

/// An `AWS::ApiGatewayV2::Route`, with the function that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The HTTP method in upper case, or `ANY`.
    pub method: String,
    /// The path as API Gateway writes it, such as `/users/{id}`.
    pub path: String,
    /// The logical id of the function.
    pub function: String,
}

pub(crate) fn routes(document: &Document) -> Result<Vec<Route>, TemplateError> {
    document
        .resources_of_type("AWS::ApiGatewayV2::Route")
        .map(|resource| route(document, resource))
        .collect()
}

fn route(document: &Document, resource: Resource<'_>) -> Result<Route, TemplateError> {
    let key = resource.require(ROUTE_KEY)?;
    let (method, path) = key
        .as_str()
        .and_then(|key| key.split_once(' '))
        .filter(|(_, path)| path.starts_with('/'))
        .ok_or_else(|| resource.unreadable(ROUTE_KEY, "a method and a path, such as `GET /users/me`"))?;
    let integration = integration(document, resource)?;
    Ok(Route {
        method: method.to_owned(),
        path: path.to_owned(),
        function: function_of(document, integration)?,
    })
}

fn integration<'a>(document: &'a Document, route: Resource<'_>) -> Result<Resource<'a>, TemplateError> {
    const EXPECTED: &str =
        "`integrations/` and a reference to an AWS::ApiGatewayV2::Integration of this template";
    let target = route.require(TARGET)?;
    named_integration(target)
        .and_then(|id| document.resource_of_type("AWS::ApiGatewayV2::Integration", &id))
        .ok_or_else(|| route.unreadable(TARGET, EXPECTED))
}

fn named_integration(target: &Value) -> Option<String> {
    let mut prefix = String::new();
    let mut id = None;
    for part in intrinsic::parts(target)? {
        match part {
            Part::Text(text) => prefix.push_str(&text),
            Part::Reference {
                name,
                attribute: None,
            } if id.is_none() && prefix == "integrations/" => id = Some(name),
            Part::Reference { .. } => return None,
        }
    }
    id.filter(|_| prefix == "integrations/")
}

fn function_of(document: &Document, integration: Resource<'_>) -> Result<String, TemplateError> {
    const EXPECTED: &str =
        "a reference to one AWS::Serverless::Function of this template, such as `!GetAtt X.Arn`";
    let uri = integration.require(INTEGRATION_URI)?;
    // The URI is the function's ARN or contains it; an alias or a version refers to the function too.
    let mut functions: Vec<String> = intrinsic::parts(uri)
        .into_iter()
        .flatten()
        .filter_map(|part| match part {
            Part::Reference { name, .. } => Some(name),
            Part::Text(_) => None,
        })
        .filter(|name| document.resource_of_type(function::TYPE, name).is_some())
        .collect();
    functions.dedup();
    match (functions.pop(), functions.pop()) {
        (Some(function), None) => Ok(function),
        _ => Err(integration.unreadable(INTEGRATION_URI, EXPECTED)),
    }
}
