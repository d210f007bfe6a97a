//! What a mail says, before it is put into words.

use shared::clock::Timestamp;
use shared::mail::{MailToken, Purpose};
use shared::users::Email;

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    /// The recipient.
    pub(crate) to: Email,
    pub(crate) subject: Subject,
    /// What the recipient learns of the occasion.
    pub(crate) facts: Vec<(Fact, String)>,
    pub(crate) links: Vec<Link>,
}

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// By its link an address is proved.
    Prove,
    /// There is an account that has proved the address.
    Already,
    /// By its link a forgotten password is replaced.
    Reset,
    PasswordChanged,
    AddressChanged,
    ApiKeyCreated,
    NewNetwork,
}

impl Subject {
    pub(crate) const ALL: [Self; 7] = [
        Self::Prove,
        Self::Already,
        Self::Reset,
        Self::PasswordChanged,
        Self::AddressChanged,
        Self::ApiKeyCreated,
        Self::NewNetwork,
    ];
}

/// What a fact is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// The username of the account.
    Account,
    /// What an API key is called.
    ApiKey,
    /// The IP address of a log-in.
    Ip,
    /// The `User-Agent` of a log-in.
    Client,
    /// When it happened.
    Time,
}

/// A link, made of its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) token: MailToken,
    /// The username of its account, where it has one.
    pub(crate) username: Option<String>,
}

impl Letter {
    /// Reports whether none of its links is of use any more.
    pub(crate) fn is_late(&self, now: Timestamp) -> bool {
        !self.links.is_empty() && self.links.iter().all(|link| link.token.expires_at <= now)
    }
}

/// Returns the path of the page that a token is for.
pub(crate) fn path(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Prove => "/verify-email",
        Purpose::Reset | Purpose::Undo => "/reset-password",
    }
}
