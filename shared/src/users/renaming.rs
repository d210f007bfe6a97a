//! What a change of a profile does to the user's names: the decision alone, without the store.

use super::email::Email;
use super::folding::NameKey;
use super::profile::{FullName, Profile, Website};
use super::username::Username;

/// What a merge patch (RFC 7396) does to one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// The field stays.
    #[default]
    Keep,
    /// The field is removed.
    Remove,
    /// The field gets a value.
    Set(T),
}

impl<T: Clone> Change<T> {
    fn applied_to(&self, before: &Option<T>) -> Option<T> {
        match self {
            Self::Keep => before.clone(),
            Self::Remove => None,
            Self::Set(value) => Some(value.clone()),
        }
    }
}

/// What a merge patch does to a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// The username.
    pub username: Change<Username>,
    /// The e-mail address.
    pub email: Change<Email>,
    /// The full name.
    pub full_name: Change<FullName>,
    /// The website.
    pub website: Change<Website>,
}

impl ProfileChange {
    /// Returns the profile after the change.
    pub fn applied_to(&self, before: &Profile) -> Profile {
        Profile {
            username: self.username.applied_to(&before.username),
            email: self.email.applied_to(&before.email),
            full_name: self.full_name.applied_to(&before.full_name),
            website: self.website.applied_to(&before.website),
        }
    }
}

/// The markers of names that a change of a profile puts and deletes. Another case or form of a name is the same marker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renaming {
    /// The names that the user gets.
    pub added: Vec<NameKey>,
    /// The names that become free.
    pub removed: Vec<NameKey>,
}

impl Renaming {
    /// Decides which names come and which go between two profiles of a user.
    pub fn between(before: &Profile, after: &Profile) -> Self {
        let without = |names: Vec<NameKey>, others: &[NameKey]| {
            names.into_iter().filter(|name| !others.contains(name)).collect()
        };
        let (old, new) = (before.names(), after.names());
        Self {
            added: without(new.clone(), &old),
            removed: without(old, &new),
        }
    }

    /// Reports whether no marker changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}
