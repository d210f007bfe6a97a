//! A user who moves: all that an export has of one, and what a row of an import says of one.

use super::profile::Profile;
use super::user::{User, UserId};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::passwords::StoredHash;
use crate::random;
use crate::scope::Scopes;

/// The member of the hash.
pub(super) const PASSWORD_HASH: &str = "password_hash";

/// A user with all that moves along. Sessions and API keys do not: they belong to the deployment that issued them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The user.
    pub user: User,
    /// The hash of the password, if there is one.
    pub hash: Option<StoredHash>,
    /// The scopes that an operator granted.
    pub scopes: Scopes,
}

/// What a row says of a user; the store gives a new user what it leaves out.
#[derive(Clone, Debug)]
pub struct Row {
    /// The id, by which the user is known already.
    pub id: Option<UserId>,
    /// The fields that the user may choose, with at least one name.
    pub profile: Profile,
    /// Whether the user has proved the e-mail address.
    pub email_verified: bool,
    /// Whether the user is disabled.
    pub disabled: bool,
    /// When the user registered.
    pub created_at: Option<Timestamp>,
    /// When a shown field last changed.
    pub updated_at: Option<Timestamp>,
    /// The hash of the password, if there is one.
    pub hash: Option<StoredHash>,
    /// The scopes that an operator granted.
    pub scopes: Scopes,
}

impl Row {
    /// Returns the new user of this row, with a new id where it has none.
    pub fn record(&self, now: Timestamp) -> Result<Record, Error> {
        let created_at = self.created_at.or(self.updated_at).unwrap_or(now);
        let id = match &self.id {
            Some(id) => id.clone(),
            None => UserId::known(random::ulid(created_at)?),
        };
        Ok(Record {
            user: User {
                id,
                profile: self.profile.clone(),
                email_verified: self.email_verified && self.profile.email.is_some(),
                claim: None,
                former: Vec::new(),
                disabled: self.disabled,
                created_at,
                updated_at: self.updated_at.unwrap_or(created_at),
            },
            hash: self.hash.clone(),
            scopes: self.scopes.clone(),
        })
    }

    /// Returns the members by which a user differs from this row. What the store gave the user is not compared.
    pub(super) fn differences(&self, record: &Record) -> Vec<&'static str> {
        let Profile {
            username,
            email,
            full_name,
            website,
        } = &self.profile;
        let other = &record.user.profile;
        let is_other = |own: Option<Timestamp>, other| own.is_some_and(|own| own != other);
        [
            ("username", *username != other.username),
            ("email", *email != other.email),
            ("full_name", *full_name != other.full_name),
            ("website", *website != other.website),
            (
                "email_verified",
                self.email_verified != record.user.email_verified,
            ),
            ("disabled", self.disabled != record.user.disabled),
            ("created_at", is_other(self.created_at, record.user.created_at)),
            ("updated_at", is_other(self.updated_at, record.user.updated_at)),
            (PASSWORD_HASH, self.hash != record.hash),
            ("scopes", self.scopes != record.scopes),
        ]
        .into_iter()
        .filter_map(|(member, differs)| differs.then_some(member))
        .collect()
    }
}
