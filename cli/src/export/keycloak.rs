//! Users as Keycloak's partial import reads them (`POST /admin/realms/{realm}/partialImport`).
//!
//! Its providers keep the parameters of each hash beside it and verify with them, an output of any length
//! ([Argon2](https://github.com/keycloak/keycloak/blob/main/crypto/default/src/main/java/org/keycloak/crypto/hash/Argon2PasswordHashProvider.java),
//! [PBKDF2](https://github.com/keycloak/keycloak/blob/main/server-spi-private/src/main/java/org/keycloak/credential/hash/Pbkdf2PasswordHashProvider.java)).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::passwords::{HashParts, StoredHash};
use shared::users::{Email, FullName, Record, Username, Website};

use super::Foreign;

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
        "emailVerified": record.user.email_verified,
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
    let (data, salt, output) = match stored.parts() {
        HashParts::Argon2 {
            kind,
            version,
            cost,
            salt,
            output,
        } => {
            let version = if version == 0x10 { "1.0" } else { "1.3" };
            let data = json!({
                "algorithm": "argon2",
                "hashIterations": cost.iterations,
                "additionalParameters": {
                    "hashLength": [output.len().to_string()],
                    "memory": [cost.memory_kib.to_string()],
                    "parallelism": [cost.parallelism.to_string()],
                    "type": [kind],
                    "version": [version],
                },
            });
            (data, salt, output)
        }
        HashParts::Pbkdf2 {
            function,
            iterations,
            salt,
            output,
        } => {
            let algorithm = match function {
                "sha1" => "pbkdf2".to_owned(),
                function => format!("pbkdf2-{function}"),
            };
            let data =
                json!({"algorithm": algorithm, "hashIterations": iterations, "additionalParameters": {}});
            (data, salt, output)
        }
        HashParts::Bcrypt | HashParts::Other => return None,
    };
    let secret = json!({"value": STANDARD.encode(output), "salt": STANDARD.encode(salt)});
    // Both are texts of JSON.
    Some(json!({
        "type": "password",
        "credentialData": data.to_string(),
        "secretData": secret.to_string(),
    }))
}
