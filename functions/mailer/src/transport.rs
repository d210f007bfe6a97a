//! What sends a mail.

use std::fmt;

use email_encoding::headers::quoted_string;
use email_encoding::headers::writer::EmailWriter;
use shared::users::Email;

/// A name and an address, as the sender of a mail has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name.
    pub name: String,
    /// The address.
    pub address: Email,
}

impl Mailbox {
    /// Encodes the mailbox in the form of RFC 5322 section 3.4, all of it in ASCII (RFC 2047) but for the local part.
    ///
    /// # Errors
    ///
    /// [`fmt::Error`] for a domain without an ASCII form.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut name = String::new();
        quoted_string::encode(&self.name, &mut EmailWriter::new(&mut name, 0, 0, false))?;
        // One line: who writes the header folds it.
        let name = name.replace("\r\n", "");
        let address = self.address.with_ascii_domain().ok_or(fmt::Error)?;
        Ok(format!("{name} <{address}>"))
    }
}

/// A mail as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The id, which stays the same however often it is sent.
    pub id: String,
    /// What it is sent for, as the log names it.
    pub kind: &'static str,
    /// The sender.
    pub from: Mailbox,
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

/// The header with a mail's id, by which two mails are known as one that was sent twice.
pub const ID_HEADER: &str = "X-Latchkey-Mail";

/// The reason why a mail was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The same mail will be rejected again. It has the service's code alone, since the message can have the address.
    Rejected(String),
    /// It can be sent later. The reason has no address.
    Unavailable(String),
}

/// What sends mails.
pub trait Transport: Send + Sync + 'static {
    /// Sends a mail. A lost response is an error, so that a mail can be sent twice.
    fn send(&self, mail: &Rendered) -> impl Future<Output = Result<(), SendError>> + Send;
}
