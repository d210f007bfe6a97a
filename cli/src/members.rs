//! The members of a user, as an export writes them and an import reads them.

use serde_json::{Map, Value};
use shared::clock::Timestamp;
use shared::error::Violation;
use shared::passwords::{FirebaseParameters, StoredHash};
use shared::scope::Scopes;
use shared::users::{Email, FullName, Profile, Record, Row, UserId, Username, Website};

/// All members, in the order in which an export has them.
pub(crate) const ALL: [&str; 11] = [
    "id",
    "username",
    "email",
    "full_name",
    "website",
    "email_verified",
    "disabled",
    "created_at",
    "updated_at",
    "scopes",
    "password_hash",
];

/// The salt of a Firebase user, whose hash is `password_hash`.
const PASSWORD_SALT: &str = "password_salt";

/// Longer names are not repeated in a report.
const NAME_MAX_BYTES: usize = 64;

/// Writes a user as one line; a member without a value is left out.
pub(crate) fn write(record: &Record) -> serde_json::Result<String> {
    let Record { user, hash, scopes } = record;
    let Profile {
        username,
        email,
        full_name,
        website,
    } = &user.profile;
    let scopes = (!scopes.is_empty()).then_some(scopes);
    let members = [
        member("id", Some(&user.id))?,
        member("username", username.as_ref())?,
        member("email", email.as_ref())?,
        member("full_name", full_name.as_ref())?,
        member("website", website.as_ref())?,
        member("email_verified", user.email_verified.then_some(true))?,
        member("disabled", Some(&user.disabled))?,
        member("created_at", Some(&user.created_at))?,
        member("updated_at", Some(&user.updated_at))?,
        member("scopes", scopes)?,
        member("password_hash", hash.as_ref().map(StoredHash::as_str))?,
    ];
    let members: Vec<String> = members.into_iter().flatten().collect();
    Ok(format!("{{{}}}", members.join(",")))
}

fn member<T: serde::Serialize>(name: &str, value: Option<T>) -> serde_json::Result<Option<String>> {
    value
        .map(|value| Ok(format!("\"{name}\":{}", serde_json::to_string(&value)?)))
        .transpose()
}

/// Reads the members of a row; with parameters of Firebase's, the hashes of its users, too. An error names the member and the rule, and
/// never the value.
pub(crate) fn read(
    members: Vec<(String, Value)>,
    firebase: Option<&FirebaseParameters>,
) -> Result<Row, String> {
    let mut given = Map::new();
    for (name, value) in members {
        check_name(&name, firebase)?;
        if given.contains_key(&name) {
            return Err(format!("{name}: Is there twice"));
        }
        given.insert(name, value);
    }
    let mut members = Members(given);
    let row = Row {
        id: members.text("id", UserId::parse)?,
        profile: Profile {
            username: members.text("username", Username::parse)?,
            email: members.text("email", Email::parse)?,
            full_name: members.text("full_name", FullName::parse)?,
            website: members.text("website", Website::parse)?,
        },
        email_verified: members.flag("email_verified")?,
        disabled: members.flag("disabled")?,
        created_at: members.time("created_at")?,
        updated_at: members.time("updated_at")?,
        hash: members.hash(firebase)?,
        scopes: members.scopes("scopes")?,
    };
    if row.profile.names().is_empty() {
        return Err("username or email: One of the two must be there".to_owned());
    }
    Ok(row)
}

/// Refuses a member that no row has, by its name unless it does not look like one.
pub(crate) fn check_name(name: &str, firebase: Option<&FirebaseParameters>) -> Result<(), String> {
    let is_salt = name == PASSWORD_SALT;
    if ALL.contains(&name) || (is_salt && firebase.is_some()) {
        return Ok(());
    }
    if is_salt {
        return Err(format!("{name}: Is read with --firebase alone"));
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !name.is_empty() && name.len() <= NAME_MAX_BYTES && name.bytes().all(is_name) {
        Err(format!("{name}: Is no member of a user"))
    } else {
        Err("a member that no user has".to_owned())
    }
}

struct Members(Map<String, Value>);

impl Members {
    /// Returns a member, unless it is absent or null.
    fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn text<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Violation>,
    ) -> Result<Option<T>, String> {
        let parsed = match self.value(name) {
            None => return Ok(None),
            Some(Value::String(text)) => parse(&text),
            Some(_) => return Err(format!("{name}: Must be a text")),
        };
        let named = |violation: Violation| format!("{name}: {}", violation.message);
        parsed.map(Some).map_err(named)
    }

    /// Returns the hash, which is a Firebase user's where its salt stands beside it.
    fn hash(&mut self, firebase: Option<&FirebaseParameters>) -> Result<Option<StoredHash>, String> {
        let salt = self.text(PASSWORD_SALT, |salt| Ok(salt.to_owned()))?;
        let (Some(firebase), Some(salt)) = (firebase, salt) else {
            return self.text("password_hash", StoredHash::parse);
        };
        let hash = self.text("password_hash", |hash| firebase.stored_hash(hash, &salt))?;
        let needed = || format!("{PASSWORD_SALT}: Needs a password_hash beside it");
        hash.map(Some).ok_or_else(needed)
    }

    fn flag(&mut self, name: &str) -> Result<bool, String> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(format!("{name}: Must be true or false")),
        }
    }

    fn time(&mut self, name: &str) -> Result<Option<Timestamp>, String> {
        let rule = || format!("{name}: Must be a time of RFC 3339, such as 2026-11-23T20:47:00Z");
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Timestamp::parse(&text).map(Some).ok_or_else(rule),
            Some(_) => Err(rule()),
        }
    }

    fn scopes(&mut self, name: &str) -> Result<Scopes, String> {
        let rule = || format!("{name}: Must be an array of texts");
        let Some(value) = self.value(name) else {
            return Ok(Scopes::default());
        };
        let scopes = value.as_array().ok_or_else(rule)?.iter().map(Value::as_str);
        let scopes: Option<Vec<&str>> = scopes.collect();
        Scopes::grantable(scopes.ok_or_else(rule)?)
            .map_err(|violation| format!("{name}: {}", violation.message))
    }
}
