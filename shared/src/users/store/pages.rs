//! All users, page by page. It reads the whole table, which no function does.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Users;
use crate::error::Error;
use crate::table::item::{Item, text};
use crate::table::{projection, unavailable};
use crate::users::item;
use crate::users::record::Record;
use crate::users::user::Account;

/// Users, each with its id, and why one that is there cannot be read.
pub type Page<T> = Vec<(String, Result<T, Error>)>;

/// The users of a table, in no order. What is written meanwhile may be in it or not.
#[derive(Debug)]
pub struct Pages<'a, T> {
    users: &'a Users,
    attributes: &'static [&'static str],
    decode: fn(&Item) -> Result<T, Error>,
    /// Where the next page begins; `None` for the table's beginning.
    from: Option<Item>,
    is_over: bool,
}

impl Users {
    /// Returns all users without their sessions.
    pub fn accounts(&self) -> Pages<'_, Account> {
        self.pages(item::ACCOUNT, item::to_account)
    }

    /// Returns all users with what moves along.
    pub fn records(&self) -> Pages<'_, Record> {
        self.pages(item::RECORD, item::to_record)
    }

    fn pages<T>(
        &self,
        attributes: &'static [&'static str],
        decode: fn(&Item) -> Result<T, Error>,
    ) -> Pages<'_, T> {
        Pages {
            users: self,
            attributes,
            decode,
            from: None,
            is_over: false,
        }
    }
}

impl<T> Pages<'_, T> {
    /// Reads the next page, which may be empty; `None` behind the last.
    pub async fn next(&mut self) -> Result<Option<Page<T>>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let (paths, mut names) = projection(self.attributes.iter().copied().chain(["pk"]));
        names.insert("#sk".to_owned(), "sk".to_owned());
        let table = &self.users.table;
        let page = table
            .client()
            .scan()
            .table_name(table.name())
            .consistent_read(true)
            .projection_expression(paths)
            .filter_expression("#sk = :user")
            .set_expression_attribute_names(Some(names))
            .expression_attribute_values(":user", AttributeValue::S(item::USER.to_owned()))
            .set_exclusive_start_key(self.from.take())
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        self.from = page.last_evaluated_key;
        self.is_over = self.from.is_none();
        let users = page.items.unwrap_or_default().into_iter().map(|found| {
            let key = text(&found, "pk").unwrap_or_default();
            let id = key.strip_prefix("user#").unwrap_or(&key).to_owned();
            (id, (self.decode)(&found))
        });
        Ok(Some(users.collect()))
    }
}
