//! Users as Django's `loaddata` reads them, of the model `auth.user`. A user who is there by the same username is replaced.
//!
//! Django writes the name of its hasher before a hash
//! (<https://docs.djangoproject.com/en/stable/topics/auth/passwords/>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use shared::passwords::{HashParts, StoredHash};
use shared::users::{Email, FullName, Record, Username};

use super::Foreign;

/// The longest username and first name of that model, in characters.
const MAX_CHARS: usize = 150;
/// The longest password of that model, in characters: a longer one fails the whole `loaddata` on most databases.
const MAX_PASSWORD_CHARS: usize = 128;
/// How the texts of Django's own begin.
const OWN: [&str; 6] = [
    "argon2$",
    "bcrypt$",
    "bcrypt_sha256$",
    "pbkdf2_sha1$",
    "pbkdf2_sha256$",
    "scrypt$",
];
/// A password that no one has.
const UNUSABLE: &str = "!";

pub(super) fn write(record: &Record) -> Result<Foreign, String> {
    let profile = &record.user.profile;
    let email = profile.email.as_ref().map(Email::as_str);
    let username = profile.username.as_ref().map(Username::as_str).or(email);
    let username = username.filter(|name| name.chars().count() <= MAX_CHARS);
    let username = username.ok_or("Django's username has at most 150 characters")?;
    let full_name = profile.full_name.as_ref().map(FullName::as_str);
    let full_name = full_name.unwrap_or_default().chars().take(MAX_CHARS);
    let password = record.hash.as_ref().map(password);
    let mut lost = Vec::new();
    if matches!(password, Some(None)) {
        lost.push("the password, since Django verifies no such hash");
    }
    if !record.scopes.is_empty() {
        lost.push("the scopes, since auth.user has none");
    }
    let user = json!({
        "model": "auth.user",
        "fields": {
            "username": username,
            "email": email.unwrap_or_default(),
            "first_name": full_name.collect::<String>(),
            "password": password.flatten().unwrap_or_else(|| UNUSABLE.to_owned()),
            "is_active": !record.user.disabled,
            "date_joined": record.user.created_at.to_string(),
        },
    });
    Ok(Foreign {
        line: user.to_string(),
        lost,
    })
}

/// Returns a hash as Django writes it; `None` for one that it does not verify.
fn password(stored: &StoredHash) -> Option<String> {
    let text = stored.as_str();
    let written = if OWN.iter().any(|own| text.starts_with(own)) {
        Some(text.to_owned())
    } else {
        match stored.parts() {
            // The text of PHC begins with the sign that separates.
            HashParts::Argon2 { .. } => Some(format!("argon2{text}")),
            HashParts::Bcrypt => Some(format!("bcrypt${text}")),
            HashParts::Pbkdf2 {
                function,
                iterations,
                salt,
                output,
            } => pbkdf2(function, iterations, salt, &output),
            HashParts::Other => None,
        }
    };
    written.filter(|text| text.chars().count() <= MAX_PASSWORD_CHARS)
}

/// Writes a hash by PBKDF2, whose salt is text there and whose output is one block.
fn pbkdf2(function: &str, iterations: u32, salt: Vec<u8>, output: &[u8]) -> Option<String> {
    let block_bytes = match function {
        "sha1" => 20,
        "sha256" => 32,
        _ => return None,
    };
    let salt = String::from_utf8(salt).ok()?;
    if salt.is_empty() || !salt.chars().all(|char| char.is_ascii_graphic() && char != '$') {
        return None;
    }
    let output = STANDARD.encode(output.get(..block_bytes)?);
    Some(format!("pbkdf2_{function}${iterations}${salt}${output}"))
}
