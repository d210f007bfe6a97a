//! Users as Keycloak's partial import reads them (`POST /admin/realms/{realm}/partialImport`).
//!
//! Its Argon2 keeps the parameters of each hash beside it and verifies with them
//! (<https://github.com/keycloak/keycloak/blob/main/crypto/default/src/main/java/org/keycloak/crypto/hash/Argon2PasswordHashProvider.java>).

use ::argon2::Version;
use serde_json::{Value, json};
use shared::passwords::StoredHash;
use shared::users::{Email, FullName, Record, Username, Website};

use super::{Foreign, argon2};

pub(super) fn write(record: &Record) -> serde_json::Result<Foreign> {
    let profile = &record.user.profile;
    let email = profile.email.as_ref().map(Email::as_str);
    let username = profile.username.as_ref().map(Username::as_str);
    let credential = record.hash.as_ref().map(credential);
    let lost = match credential {
        Some(None) => vec!["the password, since Keycloak verifies no such hash"],
        _ => Vec::new(),
    };
    let website = profile.website.iter().map(Website::as_str).collect::<Vec<_>>();
    let user = json!({
        "id": record.user.id.as_str(),
        // Keycloak's users have one.
        "username": username.or(email),
        "email": email,
        "firstName": profile.full_name.as_ref().map(FullName::as_str),
        "enabled": !record.user.disabled,
        "createdTimestamp": record.user.created_at.unix().saturating_mul(1000),
        "attributes": {
            "website": website,
            "scopes": record.scopes.iter().collect::<Vec<_>>(),
        },
        "credentials": credential.flatten().iter().collect::<Vec<_>>(),
    });
    Ok(Foreign {
        line: serde_json::to_string(&user)?,
        lost,
    })
}

/// Returns the credential; `None` for a hash that Keycloak does not verify.
fn credential(stored: &StoredHash) -> Option<Value> {
    let parts = argon2::parts(stored)?;
    let version = match parts.version {
        Version::V0x10 => "1.0",
        Version::V0x13 => "1.3",
    };
    let data = json!({
        "algorithm": "argon2",
        "hashIterations": parts.params.t_cost(),
        "additionalParameters": {
            "hashLength": [parts.hash_bytes.to_string()],
            "memory": [parts.params.m_cost().to_string()],
            "parallelism": [parts.params.p_cost().to_string()],
            "type": [parts.kind],
            "version": [version],
        },
    });
    let secret = json!({"value": parts.hash, "salt": parts.salt});
    // Both are texts of JSON.
    Some(json!({
        "type": "password",
        "credentialData": data.to_string(),
        "secretData": secret.to_string(),
    }))
}
