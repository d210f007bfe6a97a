//! Transactions whose parts say what their refusal means.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use super::Users;
use crate::error::{Conflict, Error};
use crate::table::change::{Change, incomplete};
use crate::table::item::Item;
use crate::table::unavailable;
use crate::users::folding::NameKey;
use crate::users::item;
use crate::users::user::UserId;

/// What a part of a transaction is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The user's own item.
    User,
    /// The marker of a name that the user gets.
    Name(NameKey),
    /// The marker of a name that becomes free.
    Freed(NameKey),
    /// The marker of an address that is proved.
    Proved,
    /// The user from whom such an address is taken.
    Loser,
    /// The item of a user's API keys.
    Keys,
    /// A token that is spent.
    Token,
    /// The counter of a network.
    NetworkCounter,
    /// The counter of an address to which a client asked for a mail.
    AddressCounter,
    /// The counter of the address of an announced mail, by the mail's id.
    Announced(String),
    /// What has no condition.
    Rest,
}

/// The parts whose conditions failed, with the items that they found.
#[derive(Debug)]
pub(super) struct Refused(Vec<(Part, Option<Item>)>);

impl Refused {
    /// Returns the item that refused a part, where it was refused.
    pub(super) fn by(&self, part: &Part) -> Option<Option<&Item>> {
        let refused = self.0.iter().find(|(refused, _)| refused == part)?;
        Some(refused.1.as_ref().filter(|item| !item.is_empty()))
    }

    /// Returns the error of names that are taken; the username precedes the e-mail address, and only the first conflict is reported.
    pub(super) fn conflict(&self) -> Error {
        let taken = self.0.iter().find_map(|(part, _)| match part {
            Part::Name(NameKey::Username(_)) => Some(Conflict::Username),
            Part::Name(NameKey::Email(_)) => Some(Conflict::Email),
            _ => None,
        });
        taken.map_or_else(
            || Error::internal("the store", "the marker of a user's name is another user's"),
            Error::Conflict,
        )
    }
}

impl Users {
    /// Writes all parts or none. Returns what refused them. The marker of a freed address that another user has proved is left out.
    pub(super) async fn transact(
        &self,
        mut writes: Vec<(Part, TransactWriteItem)>,
    ) -> Result<Option<Refused>, Error> {
        loop {
            let items = writes.iter().map(|(_, write)| write.clone()).collect();
            let request = self.table.client().transact_write_items();
            let Err(error) = request.set_transact_items(Some(items)).send().await else {
                return Ok(None);
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
                error.as_service_error()
            else {
                return Err(unavailable(&error));
            };
            let reasons = canceled.cancellation_reasons();
            let is_refused = |index: usize| {
                let code = reasons.get(index).and_then(|reason| reason.code());
                code == Some("ConditionalCheckFailed")
            };
            let refused: Vec<(Part, Option<Item>)> = writes
                .iter()
                .enumerate()
                .filter(|(index, _)| is_refused(*index))
                .map(|(index, (part, _))| {
                    let item = reasons.get(index).and_then(|reason| reason.item.clone());
                    (part.clone(), item)
                })
                .collect();
            if refused.is_empty() {
                // A conflict that is left after the SDK's retries.
                return Err(unavailable(&error));
            }
            let is_lost = |part: &Part| matches!(part, Part::Freed(NameKey::Email(_)));
            if refused.iter().any(|(part, _)| !is_lost(part)) {
                return Ok(Some(Refused(refused)));
            }
            let mut index = 0;
            writes.retain(|_| {
                index += 1;
                !is_refused(index - 1)
            });
        }
    }

    /// Returns the part that puts an item whose key is free.
    pub(super) fn put_new(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(self.table.name())
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Returns the part that puts an item, whatever is there.
    pub(super) fn put(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder().table_name(self.table.name());
        let put = put.set_item(Some(item)).build().map_err(incomplete)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Returns the parts that put the markers of names which are free; an address may be proved.
    pub(super) fn take_names(
        &self,
        names: &[NameKey],
        user: &UserId,
        verified: bool,
    ) -> Result<Vec<(Part, TransactWriteItem)>, Error> {
        let taken = names.iter().map(|name| {
            let put = self.put_new(item::from_name(name, user, verified))?;
            Ok((Part::Name(name.clone()), put))
        });
        taken.collect()
    }

    /// Returns the parts that delete the markers of names, unless they are another user's. An operator may have deleted them before.
    pub(super) fn free_names(
        &self,
        names: &[NameKey],
        user: &UserId,
    ) -> Result<Vec<(Part, TransactWriteItem)>, Error> {
        let freed = names.iter().map(|name| {
            let mut condition = Change::default();
            let user = condition.text(user.as_str());
            condition.when(format!("attribute_not_exists(pk) OR user_id = {user}"));
            Ok((
                Part::Freed(name.clone()),
                condition.into_delete(&self.table, item::name_key(name))?,
            ))
        });
        freed.collect()
    }
}
