//! The items of a user, as `docs/data.md` shows them: the user's own, and a marker for each name.

use aws_sdk_dynamodb::types::AttributeValue;

use super::email::Email;
use super::folding::NameKey;
use super::profile::{FullName, Profile, Website};
use super::user::{User, UserId};
use super::username::Username;
use crate::error::{Error, Violation};
use crate::passwords::StoredHash;
use crate::table::item::{Item, Key, flag, optional_text, put, text, time, unreadable};

pub(super) fn user_key(id: &str) -> Key {
    Key::new(format!("user#{id}"), "user")
}

pub(super) fn name_key(name: &NameKey) -> Key {
    Key::new(
        match name {
            NameKey::Username(folded) => format!("username#{folded}"),
            NameKey::Email(folded) => format!("email#{folded}"),
        },
        "name",
    )
}

/// Returns a key that no name has, since no username contains `@`.
pub(super) fn no_name_key(random: &str) -> Key {
    Key::new(format!("username#@{random}"), "name")
}

/// Encodes a user; a field without a value has no attribute.
pub(super) fn from_user(user: &User, hash: &StoredHash) -> Item {
    let mut item = user_key(user.id.as_str()).into_item();
    put(&mut item, "id", user.id.as_str());
    let profile = &user.profile;
    let fields = [
        ("username", profile.username.as_ref().map(Username::as_str)),
        ("email", profile.email.as_ref().map(Email::as_str)),
        ("full_name", profile.full_name.as_ref().map(FullName::as_str)),
        ("website", profile.website.as_ref().map(Website::as_str)),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            put(&mut item, name, value);
        }
    }
    put(&mut item, "password_hash", hash.as_str());
    item.insert("disabled".to_owned(), AttributeValue::Bool(user.disabled));
    put(&mut item, "created_at", user.created_at.to_string());
    put(&mut item, "updated_at", user.updated_at.to_string());
    item
}

/// Encodes the marker of a name.
pub(super) fn from_name(name: &NameKey, user: &UserId) -> Item {
    let mut item = name_key(name).into_item();
    put(&mut item, "user_id", user.as_str());
    item
}

/// Decodes a user.
pub(super) fn to_user(item: &Item) -> Result<User, Error> {
    Ok(User {
        id: UserId::known(text(item, "id")?),
        profile: Profile {
            username: field(item, "username", Username::parse)?,
            email: field(item, "email", Email::parse)?,
            full_name: field(item, "full_name", FullName::parse)?,
            website: field(item, "website", Website::parse)?,
        },
        disabled: flag(item, "disabled")?,
        created_at: time(item, "created_at")?,
        updated_at: time(item, "updated_at")?,
    })
}

/// Decodes a user's password hash.
pub(super) fn to_hash(item: &Item) -> Result<StoredHash, Error> {
    text(item, "password_hash").map(StoredHash::from_store)
}

fn field<T>(
    item: &Item,
    name: &'static str,
    parse: fn(&str) -> Result<T, Violation>,
) -> Result<Option<T>, Error> {
    optional_text(item, name)?
        .map(|text| parse(&text).map_err(|_| unreadable(name)))
        .transpose()
}
