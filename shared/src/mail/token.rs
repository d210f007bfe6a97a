//! The tokens that mails carry. The table has a token's digest and what it is bound to; a token is spent by the transaction that does
//! what it is for.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Timestamp;
use crate::digest::sha256;
use crate::error::Error;
use crate::table::change::Change;
use crate::table::item::{Item, Key, number, optional_number, put, text, unreadable};
use crate::table::{Table, unavailable};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To prove an address.
    Prove,
    /// To replace a forgotten password.
    Reset,
    /// To undo the change of an address, by another password.
    Undo,
}

impl Purpose {
    const ALL: [Self; 3] = [Self::Prove, Self::Reset, Self::Undo];

    /// Returns the name that the table has.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prove => "prove",
            Self::Reset => "reset",
            Self::Undo => "undo",
        }
    }

    /// Returns how long a token lives from when its mail was made, in seconds: a day; half an hour, since a reset is short (OWASP Forgot
    /// Password Cheat Sheet); a week.
    pub fn seconds(self) -> u32 {
        match self {
            Self::Prove => 24 * 60 * 60,
            Self::Reset => 30 * 60,
            Self::Undo => 7 * 24 * 60 * 60,
        }
    }
}

/// What a token is bound to; the token itself is not in this type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailToken {
    /// What it is for.
    pub purpose: Purpose,
    /// The user's id.
    pub user: String,
    /// The address, as typed.
    pub address: String,
    /// The generation of the credentials that it is of; `None` for an undo, which a stranger's change of the password must not prevent.
    pub generation: Option<u64>,
    /// How often the account had been recovered, where one more recovery voids the token.
    pub recoveries: Option<u64>,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl MailToken {
    fn encode(&self, digest: &str) -> Item {
        let mut item = key(digest).into_item();
        put(&mut item, "purpose", self.purpose.name());
        put(&mut item, "user_id", &self.user);
        put(&mut item, "email", &self.address);
        let numbers = [
            ("credential_generation", self.generation),
            ("recoveries", self.recoveries),
            ("expires_at", u64::try_from(self.expires_at.unix()).ok()),
        ];
        for (name, value) in numbers {
            if let Some(value) = value {
                item.insert(name.to_owned(), AttributeValue::N(value.to_string()));
            }
        }
        item
    }

    fn decode(item: &Item) -> Result<Self, Error> {
        let purpose = text(item, "purpose")?;
        let purpose = Purpose::ALL.into_iter().find(|known| known.name() == purpose);
        Ok(Self {
            purpose: purpose.ok_or_else(|| unreadable("purpose"))?,
            user: text(item, "user_id")?,
            address: text(item, "email")?,
            generation: optional_number(item, "credential_generation")?,
            recoveries: optional_number(item, "recoveries")?,
            expires_at: Timestamp::from_unix(number(item, "expires_at")?),
        })
    }
}

fn key(digest: &str) -> Key {
    Key::new(format!("mail-token#{digest}"), "mail-token")
}

/// Returns what the table knows a token by: it has 256 random bits, so that no slow hash is needed.
fn digest(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(token))
}

/// The attribute of a token that was spent. Its item stays until it expires, so that a mail that is sent twice does not revive it.
const SPENT: &str = "spent";

/// The attributes of which [`MailToken::decode`] makes a token.
const ATTRIBUTES: &[&str] = &[
    "purpose",
    "user_id",
    "email",
    "credential_generation",
    "recoveries",
    "expires_at",
    SPENT,
];

/// The tokens.
#[derive(Clone, Debug)]
pub struct MailTokens {
    table: Table,
}

impl MailTokens {
    /// Creates the store on a table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// Stores what a token is bound to, unless that was stored before: a mail that is sent twice has one token.
    pub async fn put(&self, token: &MailToken, text: &str) -> Result<(), Error> {
        let request = self.table.client().put_item();
        let request = request.table_name(self.table.name());
        let request = request
            .set_item(Some(token.encode(&digest(text))))
            .condition_expression("attribute_not_exists(pk)");
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Returns what a token is bound to; `None` where it is unknown, spent or expired. One read.
    pub async fn find(&self, token: &str, now: Timestamp) -> Result<Option<MailToken>, Error> {
        let found = self.table.get(key(&digest(token)), ATTRIBUTES).await?;
        let found = found.filter(|item| !item.contains_key(SPENT));
        let found = found.map(|item| MailToken::decode(&item)).transpose()?;
        Ok(found.filter(|token| now < token.expires_at))
    }
}

/// Spends a token, on condition that it was not spent and has not expired.
pub(crate) fn spend(token: &str, now: Timestamp) -> (Key, Change) {
    let mut change = Change::default();
    let (spent, expires_at) = (change.name(SPENT), change.name("expires_at"));
    let yes = change.value(AttributeValue::Bool(true));
    let now = change.number(now.unix());
    change.set(format!("{spent} = {yes}"));
    change.when(format!("attribute_not_exists({spent})"));
    change.when(format!("{expires_at} > {now}"));
    (key(&digest(token)), change)
}
