//! Mail under `cargo dev`: the table's stream, the function `mailer` that reads it, and a mailbox in the place of SES.

mod delivery;
mod mailbox;
mod page;
mod smtp;
mod stream;

pub(crate) use delivery::Delivery;
pub(crate) use mailbox::Mailbox;
pub(crate) use page::MAILBOX_PATH;

/// The sender, where `MAIL_FROM` names none.
pub(crate) const SENDER: &str = "latchkey@example.com";

/// The variable of `cargo dev` that names a mail server, by which mails are sent for real, too.
pub(crate) const SMTP_URL: &str = "SMTP_URL";
