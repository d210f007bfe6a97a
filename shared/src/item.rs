//! The items of the table, as `docs/data.md` shows them: how each is keyed, written and read.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::names::NameKey;
use crate::password::StoredHash;
use crate::rule::Rule;
use crate::user::{Email, FullName, User, UserId, Username, Website};

/// An item, or the key of one.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The primary key of an item: `pk` and `sk`.
pub(crate) struct Key {
    pk: String,
    sk: &'static str,
}

impl Key {
    pub(crate) fn of_user(id: &str) -> Self {
        Self {
            pk: format!("user#{id}"),
            sk: "user",
        }
    }

    pub(crate) fn of_name(name: &NameKey) -> Self {
        let pk = match name {
            NameKey::Username(folded) => format!("username#{folded}"),
            NameKey::Email(folded) => format!("email#{folded}"),
        };
        Self { pk, sk: "name" }
    }

    /// A key that no name has, since no username contains `@`.
    pub(crate) fn of_no_name(random: &str) -> Self {
        Self {
            pk: format!("username#@{random}"),
            sk: "name",
        }
    }

    pub(crate) fn of_published() -> Self {
        Self {
            pk: "keys".to_owned(),
            sk: "published",
        }
    }

    pub(crate) fn into_item(self) -> Item {
        [("pk", self.pk), ("sk", self.sk.to_owned())]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), AttributeValue::S(value)))
            .collect()
    }
}

fn put(item: &mut Item, name: &str, value: impl Into<String>) {
    item.insert(name.to_owned(), AttributeValue::S(value.into()));
}

/// A field without a value has no attribute.
pub(crate) fn of_user(user: &User, hash: &StoredHash) -> Item {
    let mut item = Key::of_user(user.id.as_str()).into_item();
    put(&mut item, "id", user.id.as_str());
    let fields = [
        ("username", user.username.as_ref().map(Username::as_str)),
        ("email", user.email.as_ref().map(Email::as_str)),
        ("full_name", user.full_name.as_ref().map(FullName::as_str)),
        ("website", user.website.as_ref().map(Website::as_str)),
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

pub(crate) fn of_name(name: &NameKey, user: &UserId) -> Item {
    let mut item = Key::of_name(name).into_item();
    put(&mut item, "user_id", user.as_str());
    item
}

pub(crate) fn of_published(document: &str, revision: u64, now: Timestamp) -> Item {
    let mut item = Key::of_published().into_item();
    put(&mut item, "document", document);
    item.insert("revision".to_owned(), AttributeValue::N(revision.to_string()));
    put(&mut item, "updated_at", now.to_string());
    item
}

/// What is published of the keys, as the table has it.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The document of [`crate::published::Published`].
    pub document: String,
    /// Counts the writes, so that nobody writes over what was not seen.
    pub revision: u64,
}

pub(crate) fn to_publication(item: &Item) -> Result<Publication, Error> {
    Ok(Publication {
        document: text(item, "document")?,
        revision: match item.get("revision") {
            Some(AttributeValue::N(number)) => number.parse().map_err(|_| broken("revision"))?,
            _ => return Err(broken("revision")),
        },
    })
}

/// A text attribute that must be there.
pub(crate) fn text(item: &Item, name: &'static str) -> Result<String, Error> {
    optional_text(item, name)?.ok_or_else(|| broken(name))
}

fn optional_text(item: &Item, name: &'static str) -> Result<Option<String>, Error> {
    match item.get(name) {
        None | Some(AttributeValue::Null(_)) => Ok(None),
        Some(AttributeValue::S(text)) => Ok(Some(text.clone())),
        Some(_) => Err(broken(name)),
    }
}

/// An item that this service did not write, or not like this: the attribute is named, its value is not.
fn broken(name: &'static str) -> Error {
    Error::internal(
        "an item of the table",
        format!("its attribute {name} cannot be read"),
    )
}

pub(crate) fn to_hash(item: &Item) -> Result<StoredHash, Error> {
    text(item, "password_hash").map(StoredHash::from_store)
}

pub(crate) fn to_user(item: &Item) -> Result<User, Error> {
    Ok(User {
        id: UserId::known(text(item, "id")?),
        username: field(item, "username", Username::parse)?,
        email: field(item, "email", Email::parse)?,
        full_name: field(item, "full_name", FullName::parse)?,
        website: field(item, "website", Website::parse)?,
        disabled: match item.get("disabled") {
            None => false,
            Some(AttributeValue::Bool(disabled)) => *disabled,
            Some(_) => return Err(broken("disabled")),
        },
        created_at: time(item, "created_at")?,
        updated_at: time(item, "updated_at")?,
    })
}

fn field<T>(item: &Item, name: &'static str, parse: fn(&str) -> Result<T, Rule>) -> Result<Option<T>, Error> {
    optional_text(item, name)?
        .map(|text| parse(&text).map_err(|_| broken(name)))
        .transpose()
}

fn time(item: &Item, name: &'static str) -> Result<Timestamp, Error> {
    Timestamp::parse(&text(item, name)?).ok_or_else(|| broken(name))
}
