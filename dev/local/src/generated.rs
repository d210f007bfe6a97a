//! The pages that are generated from the code, and committed.

use shared::env::{Declaration, declarations, sdk_declarations};

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
    push_rows(&mut text, declarations());
    text.push_str(
        "\n## The AWS SDK's variables\n\n\
         They mean what they mean to [every SDK](https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html). The template\n\
         sets none of them, and `cargo dev` reads none. Lambda sets the region and the credentials. A function may set the others, and the\n\
         two endpoints above: they are not among [Lambda's reserved\n\
         variables](https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime).\n\n\
         | variable | what it decides | unit and bounds | default |\n|---|---|---|---|\n",
    );
    push_rows(&mut text, sdk_declarations());
    text.push_str(
        "\n`AWS_REGION`, or else `AWS_DEFAULT_REGION`, is the region; at an endpoint that is not AWS's and without credentials it is `us-east-1`.\n\
         Not read are profiles and the files of `~/.aws` (`AWS_PROFILE`, `AWS_CONFIG_FILE`, …), other sources of credentials, the time-outs\n\
         and attempts (`AWS_MAX_ATTEMPTS`, `AWS_RETRY_MODE`, …), which must fit a function's time, and `HTTPS_PROXY`, which the SDK for Rust does\n\
         not read by default.\n",
    );
    text
}

fn push_rows(text: &mut String, variables: Vec<Declaration>) {
    for variable in variables {
        let default = match variable.default {
            None => "must be set".to_owned(),
            Some("") => "empty".to_owned(),
            Some(default) => format!("`{default}`"),
        };
        let (name, meaning, form) = (variable.name, variable.meaning, variable.description);
        text.push_str(&format!("| `{name}` | {meaning} | {form} | {default} |\n"));
    }
}
