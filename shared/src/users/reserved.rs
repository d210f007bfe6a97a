//! Usernames that no user can choose.

use super::folding::NameKey;
use super::username::Username;
use crate::env::{Env, EnvError, RESERVED_USERNAMES};
use crate::error::{Code, Violation};

/// The keys of the reserved usernames: one for all spellings of each.
#[derive(Debug)]
pub struct ReservedUsernames(Vec<NameKey>);

impl ReservedUsernames {
    /// Reads the reserved usernames.
    pub fn read(env: &Env<'_>) -> Result<Self, EnvError> {
        let list = env.get(&RESERVED_USERNAMES)?;
        let names = list.split(',').map(str::trim).filter(|_| !list.is_empty());
        names
            .map(|name| Username::parse(name).map(|name| name.key()))
            .collect::<Result<_, _>>()
            .map(Self)
            // Not the value, as of every variable.
            .map_err(|rule| {
                RESERVED_USERNAMES.error(format!("has an item that cannot be a username: {}", rule.message))
            })
    }

    /// Rejects a reserved username. It is no conflict: no user has it.
    pub fn check(&self, username: Username) -> Result<Username, Violation> {
        if self.0.contains(&username.key()) {
            return Err(Violation::new(Code::Invalid, "This username is reserved"));
        }
        Ok(username)
    }
}
