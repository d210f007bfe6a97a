//! Mail: what is announced, in an outbox that one transaction writes together with its cause, and the tokens that mails carry.
//!
//! A function that causes a mail puts an item into the outbox. `functions/mailer` alone has the key of tokens: it reads the item,
//! stores the digests of its tokens, sends, and deletes it. `docs/mail.md` draws this.

mod key;
#[cfg(feature = "signing")]
mod key_store;
mod outbox;
mod sender;
mod token;

pub use key::MailKey;
#[cfg(feature = "signing")]
pub use key_store::MailKeyStore;
pub use outbox::{Mail, Occasion, Outbox};
pub use sender::{Mailing, Outgoing, Sender};
pub use token::{MailToken, MailTokens, Purpose};

pub(crate) use token::spend;
