//! The pages that are generated from the code, and committed.

use shared::env::declarations;

use crate::openapi;

/// A generated page.
pub struct Page {
    /// Where it is in the repository.
    pub path: &'static str,
    /// The text.
    pub text: String,
}

/// Generates every page.
pub fn pages() -> Result<[Page; 2], serde_json::Error> {
    Ok([
        Page {
            path: "functions/docs/openapi.json",
            text: openapi::document()?,
        },
        Page {
            path: "docs/configuration.md",
            text: configuration(),
        },
    ])
}

fn configuration() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         The parameters of [`template.yaml`](../template.yaml) set these variables. Under `cargo dev` your environment does, except for\n\
         `TABLE_NAME`, `AWS_ENDPOINT_URL_DYNAMODB`, `ISSUER`, `SIGNING_KEYS_SECRET` and `SIGNING_KEYS_FILE`, which it sets itself. A missing or\n\
         wrong value stops the start with a message that names the variable. The declarations are in\n\
         [`shared/src/env.rs`](../shared/src/env.rs); `cargo run -p local --bin renew` generates this page from them.\n\n\
         The password grant is for first-party clients: RFC 9700 section 2.4 advises others against it. `EnablePasswordGrant` turns it off.\n\n\
         | variable | what it decides | unit and bounds | default |\n|---|---|---|---|\n",
    );
    for variable in declarations() {
        let default = match variable.default {
            None => "must be set".to_owned(),
            Some("") => "empty".to_owned(),
            Some(default) => format!("`{default}`"),
        };
        let (name, meaning, form) = (variable.name, variable.meaning, variable.description);
        text.push_str(&format!("| `{name}` | {meaning} | {form} | {default} |\n"));
    }
    text
}
