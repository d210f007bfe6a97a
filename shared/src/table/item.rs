//! Items and their attributes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::scope::Scopes;

/// An item, or the key of one.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The primary key of an item: `pk` and `sk`.
#[derive(Clone)]
pub(crate) struct Key {
    pk: String,
    sk: Cow<'static, str>,
}

impl Key {
    pub(crate) fn new(pk: impl Into<String>, sk: impl Into<Cow<'static, str>>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }

    pub(crate) fn into_item(self) -> Item {
        [("pk", self.pk), ("sk", self.sk.into_owned())]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), AttributeValue::S(value)))
            .collect()
    }
}

/// Sets a text attribute.
pub(crate) fn put(item: &mut Item, name: &str, value: impl Into<String>) {
    item.insert(name.to_owned(), AttributeValue::S(value.into()));
}

/// Reads a text attribute that must exist.
pub(crate) fn text(item: &Item, name: &'static str) -> Result<String, Error> {
    optional_text(item, name)?.ok_or_else(|| unreadable(name))
}

/// Reads a text attribute.
pub(crate) fn optional_text(item: &Item, name: &'static str) -> Result<Option<String>, Error> {
    match item.get(name) {
        None | Some(AttributeValue::Null(_)) => Ok(None),
        Some(AttributeValue::S(text)) => Ok(Some(text.clone())),
        Some(_) => Err(unreadable(name)),
    }
}

/// Reads a Boolean attribute, which is `false` where it does not exist.
pub(crate) fn flag(item: &Item, name: &'static str) -> Result<bool, Error> {
    match item.get(name) {
        None => Ok(false),
        Some(AttributeValue::Bool(flag)) => Ok(*flag),
        Some(_) => Err(unreadable(name)),
    }
}

/// Reads a number attribute that must exist.
pub(crate) fn number<T: FromStr>(item: &Item, name: &'static str) -> Result<T, Error> {
    optional_number(item, name)?.ok_or_else(|| unreadable(name))
}

/// Reads a number attribute.
pub(crate) fn optional_number<T: FromStr>(item: &Item, name: &'static str) -> Result<Option<T>, Error> {
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::N(number)) => number.parse().map(Some).map_err(|_| unreadable(name)),
        Some(_) => Err(unreadable(name)),
    }
}

/// Reads an attribute of exactly `N` bytes.
pub(crate) fn optional_bytes<const N: usize>(
    item: &Item,
    name: &'static str,
) -> Result<Option<[u8; N]>, Error> {
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::B(bytes)) => {
            let bytes = bytes.as_ref().try_into().map_err(|_| unreadable(name))?;
            Ok(Some(bytes))
        }
        Some(_) => Err(unreadable(name)),
    }
}

/// Reads an attribute that is a set of scopes, empty where it does not exist.
pub(crate) fn scopes(item: &Item, name: &'static str) -> Result<Scopes, Error> {
    match item.get(name) {
        None => Ok(Scopes::default()),
        Some(AttributeValue::Ss(scopes)) => Ok(Scopes::known(scopes.iter().cloned())),
        Some(_) => Err(unreadable(name)),
    }
}

/// Sets an attribute that is a set of scopes. A set that is empty has none, since DynamoDB accepts none.
pub(crate) fn put_scopes(item: &mut Item, name: &str, scopes: &Scopes) {
    if !scopes.is_empty() {
        item.insert(name.to_owned(), scope_set(scopes));
    }
}

/// Encodes a set of scopes, which is not empty.
pub(crate) fn scope_set(scopes: &Scopes) -> AttributeValue {
    AttributeValue::Ss(scopes.iter().map(str::to_owned).collect())
}

/// Creates an attribute of bytes.
pub(crate) fn binary(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// Reads a time attribute that must exist.
pub(crate) fn time(item: &Item, name: &'static str) -> Result<Timestamp, Error> {
    Timestamp::parse(&text(item, name)?).ok_or_else(|| unreadable(name))
}

/// Creates the error of an attribute that this service did not write like this. It names the attribute and never its value.
pub(crate) fn unreadable(name: &'static str) -> Error {
    Error::internal(
        "an item of the table",
        format!("its attribute {name} cannot be read"),
    )
}
