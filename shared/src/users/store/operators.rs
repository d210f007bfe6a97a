//! What operators do to users, beside scopes and disabling. No function calls it.

use super::accounts::{when_addresses_are, when_attributes_are};
use super::transaction::Part;
use super::{Users, end_log_ins, raise};
use crate::error::Error;
use crate::passwords::StoredHash;
use crate::table::change::{Change, Written};
use crate::users::item;
use crate::users::user::{User, UserId};

impl Users {
    /// Replaces the password of a user who need not know the present one, and ends all sessions, log-ins under way and the API keys in
    /// the same transaction. Returns `false` where there is no such user. `updated_at` stays, since nothing that is shown changes.
    pub async fn reset_password(&self, id: &UserId, new: &StoredHash) -> Result<bool, Error> {
        let mut change = Change::default();
        change.when("attribute_exists(pk)");
        let hash = change.text(new.as_str());
        change.set(format!("password_hash = {hash}"));
        end_log_ins(&mut change);
        // Undos of addresses that were not proved are void from here on, as after a reset.
        raise(&mut change, item::RECOVERIES);
        let own = change.into_update(&self.table, item::user_key(id.as_str()))?;
        let writes = vec![(Part::User, own), (Part::Rest, self.end_api_keys(id)?)];
        Ok(self.transact(writes).await?.is_none())
    }

    /// Ends all sessions of a user, log-ins under way, and tokens that belong to no session. Returns `false` where there is no such user.
    pub async fn log_out(&self, id: &UserId) -> Result<bool, Error> {
        let mut change = Change::default();
        change.when("attribute_exists(pk)");
        end_log_ins(&mut change);
        Ok(matches!(self.update(id, change).await?, Written::Done(_)))
    }

    /// Deletes a user as [`Users::delete`] does, also one who is disabled.
    pub async fn delete_as_operator(&self, user: &User) -> Result<bool, Error> {
        let mut condition = Change::default();
        condition.when("attribute_exists(pk)");
        let [username, email, ..] = item::profile_attributes(&user.profile);
        when_attributes_are(&mut condition, &[username, email]);
        when_addresses_are(&mut condition, &user.addresses());
        self.delete_when(condition, user).await
    }
}
