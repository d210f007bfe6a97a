//! What users change of their own accounts: the profile, the password, and that there is one.
//!
//! Each write is conditional on what its decision was made from. Where another write came first, the caller reads and decides again.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::{Users, held, rejection};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::passwords::StoredHash;
use crate::table::item::{Item, number, text, unreadable};
use crate::table::unavailable;
use crate::users::folding::NameKey;
use crate::users::item;
use crate::users::profile::Profile;
use crate::users::renaming::Renaming;
use crate::users::user::{User, UserId};

/// What a change of the password is decided from.
#[derive(Debug)]
pub struct PasswordState {
    /// The hash of the present password.
    pub hash: StoredHash,
    generation: u64,
    /// The session that changes it.
    session: Option<Session>,
}

/// A session as its item has it.
#[derive(Debug)]
struct Session {
    id: String,
    attributes: Item,
}

impl Users {
    /// Gives a user another profile: the old names become free and the new ones are taken in one transaction, or nothing happens.
    /// Returns the user as written, or `None` where the profile is no longer the one that was read, or the user is gone.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] names each name that another user has.
    pub async fn change_profile(
        &self,
        user: &User,
        after: Profile,
        now: Timestamp,
    ) -> Result<Option<User>, Error> {
        let renaming = Renaming::between(&user.profile, &after);
        let written = User {
            profile: after,
            updated_at: now,
            ..user.clone()
        };
        let update = ProfileUpdate::new(&user.profile, &written);
        let is_written = if renaming.is_empty() {
            held(
                self.update(&user.id)
                    .update_expression(update.update)
                    .condition_expression(update.condition.expression)
                    .set_expression_attribute_names(Some(update.condition.names))
                    .set_expression_attribute_values(Some(update.condition.values)),
            )
            .await?
        } else {
            let update = Update::builder()
                .table_name(self.table.name())
                .set_key(Some(item::user_key(user.id.as_str()).into_item()))
                .update_expression(update.update)
                .condition_expression(update.condition.expression)
                .set_expression_attribute_names(Some(update.condition.names))
                .set_expression_attribute_values(Some(update.condition.values))
                .build()
                .map_err(incomplete)?;
            let own = TransactWriteItem::builder().update(update).build();
            self.transact_on(own, &user.id, &renaming).await?
        };
        Ok(is_written.then_some(written))
    }

    /// Deletes a user and the markers of its names. Returns `false` where the names are no longer those that were read, or the user
    /// is gone.
    pub async fn delete(&self, user: &User) -> Result<bool, Error> {
        let [username, email, ..] = item::profile_attributes(&user.profile);
        let condition = Condition::as_read(&[username, email]);
        let delete = Delete::builder()
            .table_name(self.table.name())
            .set_key(Some(item::user_key(user.id.as_str()).into_item()))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values).filter(|values| !values.is_empty()))
            .build()
            .map_err(incomplete)?;
        let own = TransactWriteItem::builder().delete(delete).build();
        let renaming = Renaming::between(&user.profile, &Profile::default());
        self.transact_on(own, &user.id, &renaming).await
    }

    /// Writes a user's item and the markers of its names in one transaction. Returns `false` where the item's condition failed.
    async fn transact_on(
        &self,
        own: TransactWriteItem,
        user: &UserId,
        renaming: &Renaming,
    ) -> Result<bool, Error> {
        let mut writes = vec![own];
        for name in &renaming.added {
            writes.push(self.put_new(item::from_name(name, user))?);
        }
        for name in &renaming.removed {
            writes.push(self.delete_own(name, user)?);
        }
        let request = self.table.client().transact_write_items();
        let Err(error) = request.set_transact_items(Some(writes)).send().await else {
            return Ok(true);
        };
        let failed = failed_conditions(&error);
        match failed.first() {
            // Whatever else failed may be due to what the item no longer is.
            Some(true) => Ok(false),
            _ if failed.iter().skip(1 + renaming.added.len()).any(|failed| *failed) => Err(Error::internal(
                "the store",
                "the marker of a user's name is another user's",
            )),
            _ => Err(rejection(&renaming.added, &error)),
        }
    }

    /// Deletes the marker of a name, unless it is another user's. An operator may have deleted it before.
    fn delete_own(&self, name: &NameKey, user: &UserId) -> Result<TransactWriteItem, Error> {
        let delete = Delete::builder()
            .table_name(self.table.name())
            .set_key(Some(item::name_key(name).into_item()))
            .condition_expression("attribute_not_exists(pk) OR user_id = :user")
            .expression_attribute_values(":user", AttributeValue::S(user.as_str().to_owned()))
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Reads what a change of the password is decided from, with the session that asks for it. `None` where the user or the session
    /// is gone.
    pub async fn password_state(
        &self,
        id: &UserId,
        session: Option<&str>,
    ) -> Result<Option<PasswordState>, Error> {
        let entry = session.map(|id| format!("sessions.{id}"));
        let mut attributes = vec!["password_hash", "credential_generation"];
        attributes.extend(entry.as_deref());
        let key = item::user_key(id.as_str());
        let Some(found) = self.table.get(key, &attributes).await? else {
            return Ok(None);
        };
        let entry = |id: &str| match found.get("sessions")?.as_m().ok()?.get(id)? {
            AttributeValue::M(attributes) => Some(Session {
                id: id.to_owned(),
                attributes: attributes.clone(),
            }),
            _ => None,
        };
        let entry = session.map(entry);
        if let Some(None) = entry {
            return Ok(None);
        }
        Ok(Some(PasswordState {
            hash: StoredHash::from_store(text(&found, "password_hash")?),
            generation: match found.get("credential_generation") {
                // Of a user from before there were generations.
                None => 0,
                Some(_) => number(&found, "credential_generation")?,
            },
            session: entry.flatten(),
        }))
    }

    /// Replaces the password's hash and, where asked, ends all sessions but the one that asks. Returns `false` where the password or
    /// that session changed since they were read, or the user is gone. `updated_at` stays, since nothing that is shown changes.
    pub async fn change_password(
        &self,
        id: &UserId,
        read: &PasswordState,
        new: &StoredHash,
        end_other_sessions: bool,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let number = |value: u64| AttributeValue::N(value.to_string());
        let mut set = "SET #hash = :hash, #changed = :now, #generation = :next".to_owned();
        let mut condition = "attribute_exists(pk) AND ".to_owned();
        condition += match read.generation {
            0 => "(attribute_not_exists(#generation) OR #generation = :read)",
            _ => "#generation = :read",
        };
        let mut update = self
            .update(id)
            .expression_attribute_names("#hash", "password_hash")
            .expression_attribute_names("#changed", "password_changed_at")
            .expression_attribute_names("#generation", "credential_generation")
            .expression_attribute_values(":hash", AttributeValue::S(new.as_str().to_owned()))
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .expression_attribute_values(":read", number(read.generation))
            .expression_attribute_values(":next", number(read.generation.saturating_add(1)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if end_other_sessions {
            set += ", #sessions = :kept";
            update = update.expression_attribute_names("#sessions", "sessions");
            let mut kept = Item::new();
            if let Some(session) = &read.session {
                // A refresh may have replaced it since.
                condition += " AND #sessions.#session.#token = :token";
                let token = session.attributes.get("token").cloned();
                update = update
                    .expression_attribute_names("#session", &session.id)
                    .expression_attribute_names("#token", "token")
                    .expression_attribute_values(":token", token.ok_or_else(|| unreadable("token"))?);
                kept.insert(session.id.clone(), AttributeValue::M(session.attributes.clone()));
            }
            update = update.expression_attribute_values(":kept", AttributeValue::M(kept));
        }
        let update = update.update_expression(set).condition_expression(condition);
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                // The response of an earlier attempt was lost: a hash has a salt of its own, so this one is ours.
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    let stored = refused.item().and_then(|item| item.get("password_hash"));
                    Ok(stored.and_then(|hash| hash.as_s().ok()).map(String::as_str) == Some(new.as_str()))
                }
                _ => Err(unavailable(&error)),
            },
        }
    }
}

/// A condition with its placeholders.
struct Condition {
    expression: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Condition {
    /// Requires that attributes are as they were read; one without a value may be absent or `NULL`, which reads the same.
    fn as_read(attributes: &[(&'static str, Option<&str>)]) -> Self {
        let mut condition = Self {
            expression: "attribute_exists(pk)".to_owned(),
            names: HashMap::new(),
            values: HashMap::new(),
        };
        for (name, value) in attributes {
            condition.names.insert(format!("#{name}"), (*name).to_owned());
            if let Some(value) = value {
                condition.expression += &format!(" AND #{name} = :old_{name}");
                condition
                    .values
                    .insert(format!(":old_{name}"), AttributeValue::S((*value).to_owned()));
            } else {
                condition.expression += &format!(" AND (attribute_not_exists(#{name}) OR #{name} = :null)");
                condition
                    .values
                    .insert(":null".to_owned(), AttributeValue::Null(true));
            }
        }
        condition
    }
}

/// The update of a profile on condition that it is as it was read.
struct ProfileUpdate {
    update: String,
    condition: Condition,
}

impl ProfileUpdate {
    fn new(before: &Profile, written: &User) -> Self {
        let mut condition = Condition::as_read(&item::profile_attributes(before));
        let mut set = "SET updated_at = :now".to_owned();
        let mut remove = Vec::new();
        let now = AttributeValue::S(written.updated_at.to_string());
        condition.values.insert(":now".to_owned(), now);
        for (name, value) in item::profile_attributes(&written.profile) {
            match value {
                Some(value) => {
                    set += &format!(", #{name} = :new_{name}");
                    let value = AttributeValue::S(value.to_owned());
                    condition.values.insert(format!(":new_{name}"), value);
                }
                None => remove.push(format!("#{name}")),
            }
        }
        if !remove.is_empty() {
            set += &format!(" REMOVE {}", remove.join(", "));
        }
        Self {
            update: set,
            condition,
        }
    }
}

/// Returns which writes of a canceled transaction had conditions that failed, in their order; empty for another error.
fn failed_conditions(error: &SdkError<TransactWriteItemsError>) -> Vec<bool> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled
            .cancellation_reasons()
            .iter()
            .map(|reason| reason.code() == Some("ConditionalCheckFailed"))
            .collect(),
        _ => Vec::new(),
    }
}

fn incomplete(error: aws_sdk_dynamodb::error::BuildError) -> Error {
    Error::internal("the store", error.to_string())
}
