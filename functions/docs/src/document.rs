//! The OpenAPI document as a deployment serves it.

use std::borrow::Cow;

use serde_json::{Value, json};
use shared::env::{ENABLE_PASSWORD_GRANT, ENABLE_REFRESH_TOKENS, Env, MAIL_FROM};
use shared::function::StartError;

/// The document of everything. `cargo run -p local --bin renew` renews it, and a test fails where it differs from the code.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// What the document has of something that a deployment can lack.
struct Part {
    /// The places: JSON pointers, whose last step may also be an item of an array, or the name of one.
    places: &'static [&'static str],
    /// Members of responses, such as the metadata, wherever they stand.
    members: &'static [&'static str],
    /// The name of the grant or the tag: an item of lists, such as the metadata's, and a member of an operation's ways to prove oneself.
    name: &'static str,
}

const PASSWORD_GRANT: Part = Part {
    places: &[
        "/components/securitySchemes/password",
        "/components/schemas/TokenRequest/properties/grant_type/description",
        "/components/schemas/TokenRequest/properties/grant_type/enum/",
        "/components/schemas/TokenRequest/properties/grant_type/enum/password",
        "/components/schemas/TokenRequest/properties/username",
        "/components/schemas/TokenRequest/properties/password",
        "/paths/~1token/post/responses/401",
    ],
    members: &[],
    name: "password",
};

const REFRESH_TOKENS: Part = Part {
    places: &[
        "/paths/~1revoke",
        "/components/securitySchemes/password/flows/password/refreshUrl",
        "/components/schemas/RevocationRequest",
        "/components/schemas/TokenRequest/properties/grant_type/enum/refresh_token",
        "/components/schemas/TokenRequest/properties/refresh_token",
        "/components/schemas/TokenResponse/properties/refresh_token",
    ],
    members: &[
        "refresh_token",
        "invalid_refresh_token",
        "revocation_endpoint",
        "revocation_endpoint_auth_methods_supported",
    ],
    name: "refresh_token",
};

const MAIL: Part = Part {
    places: &[
        "/tags/mail",
        "/paths/~1request-verify-token",
        "/paths/~1verify",
        "/paths/~1forgot-password",
        "/paths/~1verify-email",
        "/paths/~1reset-password",
        "/components/schemas/Accepted",
        "/components/schemas/Address",
        "/components/schemas/FormProof",
        "/components/schemas/Page",
        "/components/schemas/Proof",
        "/components/schemas/Reset",
    ],
    members: &[],
    name: "mail",
};

/// Returns the document of what the deployment offers.
pub(crate) fn offered(env: &Env<'_>) -> Result<Cow<'static, str>, StartError> {
    let password = env.get(&ENABLE_PASSWORD_GRANT)?;
    let refresh_tokens = env.get(&ENABLE_REFRESH_TOKENS)?;
    let mail = !env.get(&MAIL_FROM)?.is_empty();
    if password && refresh_tokens && mail {
        return Ok(OPENAPI.into());
    }
    let mut absent = Vec::new();
    for (is_offered, part) in [
        (password, &PASSWORD_GRANT),
        (refresh_tokens, &REFRESH_TOKENS),
        (mail, &MAIL),
    ] {
        if !is_offered {
            absent.push(part);
        }
    }
    without(&absent)
        .map(Cow::from)
        .map_err(|error| StartError::new(format!("functions/docs/openapi.json: {error}")))
}

fn without(absent: &[&Part]) -> Result<String, serde_json::Error> {
    let mut document: Value = serde_json::from_str(OPENAPI)?;
    for part in absent {
        for place in part.places {
            remove(&mut document, place);
        }
        remove_from_operations(&mut document["paths"], part);
    }
    // Beside username and password alone it may be left out.
    if absent.iter().any(|part| part.name == PASSWORD_GRANT.name) {
        document["components"]["schemas"]["TokenRequest"]["required"] = json!(["grant_type"]);
    }
    serde_json::to_string(&document)
}

/// Removes what stands at a place, if anything does.
fn remove(document: &mut Value, place: &str) {
    let Some((parent, name)) = place.rsplit_once('/') else {
        return;
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(object)) => {
            object.remove(&name.replace("~1", "/"));
        }
        Some(Value::Array(items)) => items.retain(|item| *item != name && item["name"] != name),
        _ => {}
    }
}

fn remove_from_operations(value: &mut Value, part: &Part) {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| !part.members.contains(&name.as_str()));
            object
                .values_mut()
                .for_each(|value| remove_from_operations(value, part));
        }
        Value::Array(items) => {
            items.retain(|item| *item != part.name && item.get(part.name).is_none());
            items
                .iter_mut()
                .for_each(|value| remove_from_operations(value, part));
        }
        _ => {}
    }
}
