//! A mail as a message of RFC 5322, and the mail server that it goes to.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use mailer::{ID_HEADER, Rendered, SendError};
use shared::clock::Clock;

use crate::StartError;

/// How long the server may take for a command.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the message, with the same `Message-ID` however often it is sent.
pub(super) fn message(mail: &Rendered, clock: &Clock) -> Result<Message, SendError> {
    let unusable = |what: &str| SendError::Rejected(what.to_owned());
    let address = |text: &str| text.parse::<Address>().map_err(|_| unusable("no address"));
    let from = address(mail.from.address.as_str())?;
    let message_id = format!("<{}@{}>", mail.id, from.domain());
    let name = HeaderName::new_from_ascii(ID_HEADER.to_owned()).map_err(|_| unusable("no header"))?;
    let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(clock.millis()).unwrap_or(0));
    Message::builder()
        .from(Mailbox::new(Some(mail.from.name.clone()), from))
        .to(Mailbox::new(None, address(mail.to.as_str())?))
        .subject(mail.subject.as_str())
        .date(now)
        .message_id(Some(message_id))
        .raw_header(HeaderValue::new(name, mail.id.clone()))
        .multipart(MultiPart::alternative_plain_html(
            mail.text.clone(),
            mail.html.clone(),
        ))
        .map_err(|_| unusable("no message"))
}

/// A mail server.
#[derive(Clone, Debug)]
pub(super) struct Server(AsyncSmtpTransport<Tokio1Executor>);

impl Server {
    /// Names the server at a URL: `smtp://` (with `?tls=required` for STARTTLS) or `smtps://`, with user and password where it wants them.
    ///
    /// # Errors
    ///
    /// [`StartError::Smtp`] for another URL.
    pub(super) fn at(url: &str) -> Result<Self, StartError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let builder = builder.map_err(|_| {
            let rule = "must be smtp://host:port or smtps://host:port, with user:password@ where the server wants them";
            StartError::Smtp(rule.to_owned())
        })?;
        Ok(Self(builder.timeout(Some(TIMEOUT)).build()))
    }

    /// Sends a message.
    pub(super) async fn send(&self, message: Message) -> Result<(), SendError> {
        self.0.send(message).await.map(|_| ()).map_err(|error| of(&error))
    }
}

/// Distinguishes a refusal that lasts from one that does not. A server's text can have the address, so its code alone is kept.
fn of(error: &Error) -> SendError {
    match error.status() {
        Some(code) if error.is_permanent() => SendError::Rejected(code.to_string()),
        Some(code) => SendError::Unavailable(format!("the mail server responded {code}")),
        None => SendError::Unavailable(error.to_string()),
    }
}
