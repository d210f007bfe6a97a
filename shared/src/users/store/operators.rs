//! What operators do to users, beside scopes and disabling. No function calls it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::accounts::when_attributes_are;
use super::{Users, end_log_ins};
use crate::api_keys;
use crate::error::Error;
use crate::passwords::StoredHash;
use crate::table::change::{Change, Written};
use crate::table::item::Item;
use crate::table::{projection, unavailable};
use crate::users::item;
use crate::users::renaming::Renaming;
use crate::users::user::{Account, User, UserId};

/// The users of a table, in no order, page by page.
#[derive(Debug)]
pub struct Pages<'a> {
    users: &'a Users,
    /// Where the next page begins; `None` for the table's beginning.
    from: Option<Item>,
    is_over: bool,
}

impl Pages<'_> {
    /// Reads the next page, which may be empty; `None` behind the last.
    pub async fn next(&mut self) -> Result<Option<Vec<Account>>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let (paths, mut names) = projection(item::ACCOUNT.iter().copied());
        let key = [("#pk", "pk"), ("#sk", "sk")];
        names.extend(key.map(|(name, attribute)| (name.to_owned(), attribute.to_owned())));
        let user = [(":pk", "user#"), (":sk", "user")];
        let user = user.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
        let table = &self.users.table;
        let page = table
            .client()
            .scan()
            .table_name(table.name())
            .consistent_read(true)
            .filter_expression("#sk = :sk AND begins_with(#pk, :pk)")
            .projection_expression(paths)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(HashMap::from(user)))
            .set_exclusive_start_key(self.from.take())
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        self.from = page.last_evaluated_key;
        self.is_over = self.from.is_none();
        let found = page.items.unwrap_or_default();
        found
            .iter()
            .map(item::to_account)
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

impl Users {
    /// Returns all users without their sessions: it reads the whole table.
    pub fn pages(&self) -> Pages<'_> {
        Pages {
            users: self,
            from: None,
            is_over: false,
        }
    }

    /// Replaces the password of a user who need not know the present one, and ends all sessions, log-ins under way and the API keys in
    /// the same transaction. Returns `false` where there is no such user. `updated_at` stays, since nothing that is shown changes.
    pub async fn reset_password(&self, id: &UserId, new: &StoredHash) -> Result<bool, Error> {
        let mut change = Change::default();
        change.when("attribute_exists(pk)");
        let hash = change.text(new.as_str());
        change.set(format!("password_hash = {hash}"));
        end_log_ins(&mut change);
        let own = change.into_update(&self.table, item::user_key(id.as_str()))?;
        let keys = Change::default().into_delete(&self.table, api_keys::item_key(id.as_str()))?;
        self.transact_on(own, id, &Renaming::default(), Some(keys)).await
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
        self.delete_when(condition, user).await
    }
}
