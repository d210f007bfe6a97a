//! Users who move in, each with all of its names in one transaction.

use std::fmt;

use futures_util::future::try_join_all;

use super::Users;
use super::transaction::Part;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::passwords::StoredHash;
use crate::table::{ROUNDS, contended};
use crate::users::folding::NameKey;
use crate::users::item;
use crate::users::record::{PASSWORD_HASH, Record, Row};
use crate::users::user::UserId;

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// A new user.
    New,
    /// The user is there already, with the same content.
    Same,
    /// The user is there already, with the same content but for the hash, which is this one.
    OtherHash(Option<StoredHash>),
    /// Nothing was written.
    Refused(Refusal),
}

/// Why a row is refused by what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another user has this name.
    Taken(&'static str),
    /// The user is there, with other values of these members.
    Differs(Vec<&'static str>),
    /// The user is there without the marker of this name.
    Unmarked(&'static str),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(name) => write!(formatter, "{name}: Already taken"),
            Self::Differs(members) => {
                write!(
                    formatter,
                    "the user is there already, with another {}",
                    members.join(", ")
                )
            }
            Self::Unmarked(name) => write!(
                formatter,
                "the user is there already, and the item that keeps the {name} unique is missing"
            ),
        }
    }
}

impl Users {
    /// Puts the user of a row with the markers of its names in one transaction, unless the user, the id or a name is there.
    pub async fn import(&self, row: &Row, now: Timestamp) -> Result<Imported, Error> {
        let record = row.record(now)?;
        for _ in 0..ROUNDS {
            let user = &record.user;
            let mut writes = vec![(Part::User, self.put_new(item::from_record(&record))?)];
            writes.extend(self.take_names(&user.profile.names(), &user.id, user.email_verified)?);
            if self.transact(writes).await?.is_none() {
                return Ok(Imported::New);
            }
            match self.compare(row).await? {
                // What stood in the way was deleted since.
                Imported::New => {}
                decided => return Ok(decided),
            }
        }
        Err(contended())
    }

    /// Returns what an import of a row would do; writes nothing.
    pub async fn compare(&self, row: &Row) -> Result<Imported, Error> {
        let names = row.profile.names();
        let owners = try_join_all(names.iter().map(|name| self.id_of(name))).await?;
        // Without an id, the user is the one who has all the names.
        let by_name = || {
            let first = owners.first()?.as_ref();
            owners
                .iter()
                .all(|owner| owner.as_ref() == first)
                .then_some(first)?
        };
        let found = match row.id.as_ref().or_else(by_name) {
            Some(id) => self.record(id).await?.map(|record| (id, record)),
            None => None,
        };
        let owned = || names.iter().zip(&owners);
        let Some((id, record)) = found else {
            let taken = owned().find(|(_, owner)| owner.is_some());
            return Ok(taken.map_or(Imported::New, |(name, _)| {
                Imported::Refused(Refusal::Taken(member(name)))
            }));
        };
        let is_others = |owner: &Option<UserId>| owner.as_ref().is_some_and(|owner| owner != id);
        if let Some((name, _)) = owned().find(|(_, owner)| is_others(owner)) {
            return Ok(Imported::Refused(Refusal::Taken(member(name))));
        }
        let same = match row.differences(&record)[..] {
            [] => Imported::Same,
            [PASSWORD_HASH] => Imported::OtherHash(record.hash),
            ref differences => {
                let differences = differences.to_vec();
                return Ok(Imported::Refused(Refusal::Differs(differences)));
            }
        };
        let unmarked = owned().find(|(_, owner)| owner.is_none());
        Ok(unmarked.map_or(same, |(name, _)| {
            Imported::Refused(Refusal::Unmarked(member(name)))
        }))
    }

    async fn record(&self, id: &UserId) -> Result<Option<Record>, Error> {
        let found = self.table.get(item::user_key(id.as_str()), item::RECORD).await?;
        found.map(|found| item::to_record(&found)).transpose()
    }
}

/// Returns the member that has a name.
fn member(name: &NameKey) -> &'static str {
    match name {
        NameKey::Username(_) => "username",
        NameKey::Email(_) => "email",
    }
}
