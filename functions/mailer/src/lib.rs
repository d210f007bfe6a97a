//! The delivery of mails: the table's stream names those that were put into the outbox, and this function sends them.
//!
//! It alone has the key of mailed tokens. A mail leaves the outbox once it was sent, so that each is sent at least once; a retry sends the
//! same id and the same links.

use shared::clock::Clock;
use shared::env::{Env, ISSUER, MAIL_FROM, SERVICE_NAME};
use shared::error::Error;
use shared::events;
use shared::function::{Function, StartError};
use shared::keys::Cached;
use shared::logging;
use shared::mail::{Mail, MailKeyStore, MailTokens, Outbox, Sender};
use shared::table::Table;
use shared::users::{Email, Users};

mod event;
mod letter;
mod letters;
mod recipients;
mod ses;
mod texts;
mod transport;
mod untrusted;

pub use event::{Event, Failure, Outcome};
pub use ses::Ses;
pub use transport::{ID_HEADER, Mailbox, Rendered, SendError, Transport};

use letter::Letter;
use letters::Letters;

/// The function `mailer`: the outbox, the tokens, the key of the tokens, and what sends.
pub struct Mailer<T = Ses> {
    clock: Clock,
    outbox: Outbox,
    users: Users,
    tokens: MailTokens,
    key: Cached<MailKeyStore>,
    /// The variable that says where the key is.
    key_variable: &'static str,
    issuer: String,
    from: Mailbox,
    letters: Letters,
    transport: T,
}

impl Function for Mailer<Ses> {
    const NAME: &'static str = "mailer";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        Self::with_transport(env, clock, Ses::connect(env).await?).await
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.read_key().await
    }
}

impl<T: Transport> Mailer<T> {
    /// Starts the function with another transport than SES.
    ///
    /// # Errors
    ///
    /// [`StartError`] names the variable or the client.
    pub async fn with_transport(env: &Env<'_>, clock: &Clock, transport: T) -> Result<Self, StartError> {
        logging::name_service(env)?;
        let sender = Sender::read(env)?.ok_or_else(|| MAIL_FROM.error("must be set"))?;
        let address =
            Email::parse(sender.as_str()).map_err(|_| MAIL_FROM.error("must be an e-mail address"))?;
        let service = env.get(&SERVICE_NAME)?;
        if service.chars().any(char::is_control) {
            return Err(SERVICE_NAME.error("must not contain control characters").into());
        }
        let table = Table::connect(env).await?;
        let store = MailKeyStore::connect(env).await?;
        let key_variable = store.variable();
        Ok(Self {
            clock: clock.clone(),
            outbox: Outbox::new(table.clone()),
            users: Users::new(table.clone()),
            tokens: MailTokens::new(table),
            // Never replaced while it is in use: a retry must derive the same token.
            key: Cached::new(store, clock.clone(), u32::MAX),
            key_variable,
            issuer: env.get(&ISSUER)?,
            letters: Letters::read(env, &service)?,
            from: Mailbox {
                name: service,
                address,
            },
            transport,
        })
    }

    /// Reads the key ahead of the first mail.
    ///
    /// # Errors
    ///
    /// [`StartError`] for a key that is there and cannot be used.
    pub async fn read_key(&self) -> Result<(), StartError> {
        self.key.prepare(self.key_variable).await
    }

    /// Sends the mails that were put into the outbox. It stops at the first failure: the records of a shard are in order, and Lambda tries
    /// again from there.
    pub async fn handle(&self, event: &Event) -> Outcome {
        for (mail, sequence_number) in event.mails() {
            if let Err(error) = self.deliver(mail).await {
                tracing::error!(mail_id = mail, %error, "a mail was not sent");
                return Outcome::failed_at(sequence_number);
            }
        }
        Outcome::default()
    }

    async fn deliver(&self, id: &str) -> Result<(), Error> {
        let Some(mail) = self.outbox.find(id).await? else {
            // It was sent before.
            return Ok(());
        };
        let kind = mail.occasion.kind();
        let letters = recipients::letters(&mail, &self.users, self.clock.now()).await?;
        if letters.is_empty() {
            tracing::info!(mail_id = id, kind, "a mail has no recipient");
        }
        for letter in &letters {
            if letter.is_late(self.clock.now()) {
                tracing::warn!(mail_id = id, kind, "a mail is late: its links have expired");
            } else {
                self.send(&mail, letter).await?;
            }
        }
        self.outbox.remove(id).await
    }

    async fn send(&self, mail: &Mail, letter: &Letter) -> Result<(), Error> {
        let kind = mail.occasion.kind();
        let mut links = Vec::new();
        for link in &letter.links {
            let token = self.key.get().await?.derive(&mail.nonce, &link.token);
            // Before the mail, so that no link leads to a token that is unknown.
            self.tokens.put(&link.token, &token).await?;
            let path = letter::path(link.token.purpose);
            links.push(format!("{}{path}?token={}", self.issuer, token.as_str()));
        }
        let content = self.letters.render(letter, &links)?;
        let rendered = Rendered {
            id: mail.id.clone(),
            kind,
            from: self.from.clone(),
            to: letter.to.clone(),
            subject: content.subject,
            text: content.text,
            html: content.html,
            links,
        };
        match self.transport.send(&rendered).await {
            Ok(()) => events::Event::MailSent { mail: &mail.id, kind }.log(),
            // Tried again, it would only keep the mails behind it.
            Err(SendError::Rejected(code)) => events::Event::MailRejected {
                mail: &mail.id,
                kind,
                code: &code,
            }
            .log(),
            Err(SendError::Unavailable(why)) => return Err(Error::unavailable("the mail service", why)),
        }
        Ok(())
    }
}
