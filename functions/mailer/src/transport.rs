//! What sends a mail.

use std::fmt;

use email_encoding::headers::quoted_string;
use email_encoding::headers::writer::EmailWriter;
use shared::users::Email;

/// The sender of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    /// The display name.
    pub name: String,
    /// The address.
    pub address: Email,
}

impl From {
    /// Returns the mailbox in the form of RFC 5322 section 3.4, all of it in ASCII (RFC 2047) but for the local part.
    ///
    /// # Errors
    ///
    /// [`fmt::Error`] for a domain without an ASCII form.
    pub fn mailbox(&self) -> Result<String, fmt::Error> {
        let mut name = String::new();
        quoted_string::encode(&self.name, &mut EmailWriter::new(&mut name, 0, 0, false))?;
        // One line: who writes the header folds it.
        let name = name.replace("\r\n", "");
        let address = self.address.with_ascii_domain().ok_or(fmt::Error)?;
        Ok(format!("{name} <{address}>"))
    }
}

/// A mail, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// The id, which stays the same however often it is sent.
    pub id: String,
    /// What it is sent for, as the log names it.
    pub kind: &'static str,
    /// The sender.
    pub from: From,
    /// The recipient, as typed.
    pub to: Email,
    /// The subject, one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// The URLs of its links, which are in both.
    pub links: Vec<String>,
}

/// The name of the header that has the id.
pub(crate) const ID_HEADER: &str = "X-Latchkey-Mail";

impl Outbound {
    /// Returns the header by which two mails are known as one that was sent twice.
    pub fn id_header(&self) -> (&'static str, &str) {
        (ID_HEADER, &self.id)
    }
}

/// The reason why a mail was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Never: the same mail will be rejected again.
    Rejected(Rejected),
    /// Not now; the message has no address.
    Unavailable(String),
}

/// A rejection. The service's message is not kept, since it can have the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The service's code.
    pub code: String,
}

impl SendError {
    /// Creates a rejection with the service's code.
    pub fn rejected(code: impl Into<String>) -> Self {
        Self::Rejected(Rejected { code: code.into() })
    }
}

/// What sends mails.
pub trait Transport: Send + Sync + 'static {
    /// Sends a mail. A lost response is an error, so that a mail can be sent twice.
    fn send(&self, mail: &Outbound) -> impl Future<Output = Result<(), SendError>> + Send;
}
