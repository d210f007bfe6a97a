//! Keycloak's credentials, as a realm's export has them: PBKDF2, and Argon2 since version 25. Each is written as a PHC string.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use serde::Deserialize;

use super::Unread;
use super::text;

/// A credential, whose two members are JSON in text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    credential_data: String,
    secret_data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialData {
    algorithm: String,
    hash_iterations: u32,
    #[serde(default)]
    additional_parameters: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct SecretData {
    value: String,
    salt: String,
}

/// Writes a credential as a PHC string.
pub(super) fn to_phc(json: &str) -> Result<String, Unread> {
    let credential: Credential = parsed(json)?;
    let data: CredentialData = parsed(&credential.credential_data)?;
    let secret: SecretData = parsed(&credential.secret_data)?;
    let salt = BASE64_STANDARD_NO_PAD.encode(text::base64(&secret.salt)?);
    let output = BASE64_STANDARD_NO_PAD.encode(text::base64(&secret.value)?);
    let iterations = data.hash_iterations;
    let named = match data.algorithm.as_str() {
        "argon2" => argon2(&data)?,
        "pbkdf2" => format!("$pbkdf2-sha1$i={iterations}"),
        pbkdf2 @ ("pbkdf2-sha256" | "pbkdf2-sha512") => format!("${pbkdf2}$i={iterations}"),
        _ => return Err(Unread::Malformed),
    };
    Ok(format!("{named}${salt}${output}"))
}

/// Returns the first fields of an Argon2 string.
fn argon2(data: &CredentialData) -> Result<String, Unread> {
    let parameter = |name: &str| {
        let values = data.additional_parameters.get(name);
        values.and_then(|values| values.first()).ok_or(Unread::Malformed)
    };
    let version = match parameter("version")?.as_str() {
        "1.3" => 0x13,
        "1.0" => 0x10,
        _ => return Err(Unread::Malformed),
    };
    let kind = parameter("type")?;
    let memory = text::number(parameter("memory")?)?;
    let lanes = text::number(parameter("parallelism")?)?;
    let passes = data.hash_iterations;
    Ok(format!(
        "$argon2{kind}$v={version}$m={memory},t={passes},p={lanes}"
    ))
}

fn parsed<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Unread> {
    serde_json::from_str(json).map_err(|_| Unread::Malformed)
}
