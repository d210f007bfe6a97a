//! The file of Firebase Authentication's password hash parameters. It has the signer key, so no error repeats a value.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use shared::passwords::FirebaseParameters;

/// The members, of any type: serde's message about a type has the value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    base64_signer_key: Value,
    base64_salt_separator: Value,
    rounds: Value,
    mem_cost: Value,
}

/// Reads the parameters.
pub(super) fn read(path: &Path) -> Result<FirebaseParameters, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    parse(&text).map_err(|why| format!("{name}: {why}"))
}

fn parse(json: &str) -> Result<FirebaseParameters, String> {
    if !json.trim_start().starts_with('{') {
        return Err("Must be a JSON object".to_owned());
    }
    let file: File = serde_json::from_str(json).map_err(|error| error.to_string())?;
    FirebaseParameters::parse(
        text("base64_signer_key", &file.base64_signer_key)?,
        text("base64_salt_separator", &file.base64_salt_separator)?,
        number("rounds", &file.rounds)?,
        number("mem_cost", &file.mem_cost)?,
    )
    .map_err(|violation| violation.message.into_owned())
}

fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("{name}: Must be a text"))
}

fn number(name: &str, value: &Value) -> Result<u32, String> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| format!("{name}: Must be a whole number"))
}
