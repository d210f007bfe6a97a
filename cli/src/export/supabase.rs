//! Users as the administrative API of Supabase Auth creates them (`POST /auth/v1/admin/users`), one body a line.
//!
//! It accepts bcrypt, and Argon2i and Argon2id of version 19
//! (<https://github.com/supabase/auth/blob/master/internal/crypto/password.go>). An address is confirmed there where it was proved here.

use serde_json::json;
use shared::passwords::{HashParts, StoredHash};
use shared::users::{Email, FullName, Record, Username, Website};
use ulid::Ulid;

use super::Foreign;

/// A hundred years: the API has no ban without an end.
const BAN: &str = "876000h";

pub(super) fn write(record: &Record) -> Result<Foreign, String> {
    let profile = &record.user.profile;
    let email = profile.email.as_ref().ok_or("Supabase needs an e-mail address")?;
    let id = Ulid::from_string(record.user.id.as_str()).map_err(|_| "its id is no ULID")?;
    let hash = record.hash.as_ref().and_then(password_hash);
    let user = json!({
        "id": uuid(id),
        "email": Email::as_str(email),
        "email_confirm": record.user.email_verified,
        "password_hash": hash,
        "ban_duration": record.user.disabled.then_some(BAN),
        "user_metadata": {
            "username": profile.username.as_ref().map(Username::as_str),
            "full_name": profile.full_name.as_ref().map(FullName::as_str),
            "website": profile.website.as_ref().map(Website::as_str),
        },
        "app_metadata": {"scopes": record.scopes.iter().collect::<Vec<_>>()},
    });
    let lost = if record.hash.is_some() && hash.is_none() {
        vec!["the password, since Supabase verifies no such hash"]
    } else {
        Vec::new()
    };
    Ok(Foreign {
        line: user.to_string(),
        lost,
    })
}

/// Returns a hash as Supabase reads it; `None` for one that it does not verify.
fn password_hash(stored: &StoredHash) -> Option<&str> {
    let text = stored.as_str();
    match stored.parts() {
        // Django's have the name of its hasher in front.
        HashParts::Bcrypt => Some(text.strip_prefix("bcrypt$").unwrap_or(text)),
        HashParts::Argon2 {
            kind: "i" | "id",
            version: 0x13,
            ..
        } => Some(text.strip_prefix("argon2").unwrap_or(text)),
        _ => None,
    }
}

/// Writes the 128 bits of a ULID as a UUID, which every id there is.
fn uuid(id: Ulid) -> String {
    let digits = format!("{:032x}", u128::from(id));
    let mut uuid = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(digit);
    }
    uuid
}
