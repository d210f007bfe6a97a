//! The OpenAPI document as a deployment serves it.

use std::borrow::Cow;

use serde_json::Value;
use shared::env::{ENABLE_PASSWORD_GRANT, Env};
use shared::function::StartError;

/// The document of everything. `cargo run -p local --bin renew` renews it, and a test fails where it differs from the code.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// Returns the document of what the deployment offers.
pub(crate) fn offered(env: &Env<'_>) -> Result<Cow<'static, str>, StartError> {
    if env.get(&ENABLE_PASSWORD_GRANT)? {
        return Ok(OPENAPI.into());
    }
    without_password_grant()
        .map(Cow::from)
        .map_err(|error| StartError::new(format!("functions/docs/openapi.json: {error}")))
}

/// What the document says of itself where there is no log-in.
const WITHOUT_LOG_IN: &str = "User accounts. Errors are those of RFC 9457.";

/// Removes members of these names at any depth: the examples of the metadata.
fn remove_members(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| !names.contains(&name.as_str()));
            object.values_mut().for_each(|value| remove_members(value, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| remove_members(value, names)),
        _ => {}
    }
}

/// Returns the document without the grant `password`, and so, as the metadata, without the token endpoint, which has no other grant.
fn without_password_grant() -> Result<String, serde_json::Error> {
    let mut document: Value = serde_json::from_str(OPENAPI)?;
    for (place, name) in [
        ("/paths", "/token"),
        ("/components/securitySchemes", "password"),
        ("/components/schemas", "OAuthError"),
        ("/components/schemas", "TokenRequest"),
        ("/components/schemas", "TokenResponse"),
    ] {
        if let Some(object) = document.pointer_mut(place).and_then(Value::as_object_mut) {
            object.remove(name);
        }
    }
    if let Some(tags) = document["tags"].as_array_mut() {
        tags.retain(|tag| tag["name"] != "tokens");
    }
    if let Some(info) = document["info"].as_object_mut() {
        info.insert("description".to_owned(), WITHOUT_LOG_IN.into());
    }
    remove_members(
        &mut document["paths"],
        &[
            "token_endpoint",
            "token_endpoint_auth_methods_supported",
            "grant_types_supported",
        ],
    );
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.flat_map(|(_, path)| path.as_object_mut().into_iter().flatten());
    for (_, operation) in operations {
        if let Some(ways) = operation["security"].as_array_mut() {
            ways.retain(|way| way.get("password").is_none());
        }
    }
    serde_json::to_string(&document)
}
