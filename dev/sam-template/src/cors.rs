//! The CORS configuration of the HTTP API.

use serde_json::Value;

use crate::TemplateError;
use crate::document::{Document, Resource};

const PROPERTY: &str = "Properties/CorsConfiguration";

/// The `CorsConfiguration` of the `AWS::ApiGatewayV2::Api`, without the origins, which a deployment sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// `Access-Control-Allow-Methods`.
    pub allow_methods: Vec<String>,
    /// `Access-Control-Allow-Headers`.
    pub allow_headers: Vec<String>,
    /// `Access-Control-Expose-Headers`.
    pub expose_headers: Vec<String>,
    /// `Access-Control-Max-Age`, in seconds.
    pub max_age: u64,
}

/// Returns the configuration, if an API has one. Of an `Fn::If` the first branch is read, because only a deployment knows the
/// condition.
pub(crate) fn cors(document: &Document) -> Result<Option<Cors>, TemplateError> {
    for api in document.resources_of_type("AWS::ApiGatewayV2::Api") {
        if let Some(value) = api.get(PROPERTY) {
            return read(api, value.pointer("/Fn::If/1").unwrap_or(value)).map(Some);
        }
    }
    Ok(None)
}

fn read(api: Resource<'_>, value: &Value) -> Result<Cors, TemplateError> {
    let list = |name: &str| {
        value[name]
            .as_array()
            .and_then(|items| {
                items
                    .iter()
                    .map(|item| item.as_str().map(str::to_owned))
                    .collect()
            })
            .ok_or_else(|| api.unreadable(PROPERTY, "literal lists of methods and headers"))
    };
    Ok(Cors {
        allow_methods: list("AllowMethods")?,
        allow_headers: list("AllowHeaders")?,
        expose_headers: list("ExposeHeaders")?,
        max_age: value["MaxAge"].as_u64().unwrap_or_default(),
    })
}
