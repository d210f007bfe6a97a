//! Usernames that nobody can register.

use shared::env::{Env, EnvError, RESERVED_USERNAMES};
use shared::error::{Code, Violation};
use shared::users::{NameKey, Username};

/// The keys of the reserved usernames: one for all spellings of each.
pub(crate) struct ReservedUsernames(Vec<NameKey>);

impl ReservedUsernames {
    /// Reads the reserved usernames.
    pub(crate) fn read(env: &Env<'_>) -> Result<Self, EnvError> {
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
    pub(crate) fn check(&self, username: Username) -> Result<Username, Violation> {
        if self.0.contains(&username.key()) {
            return Err(Violation::new(Code::Invalid, "This username is reserved"));
        }
        Ok(username)
    }
}
