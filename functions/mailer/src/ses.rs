//! Amazon SES.

use std::time::Duration;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::Builder;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::error::ProvideErrorMetadata;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag};
use shared::aws;
use shared::env::{AWS_ENDPOINT_URL_SESV2, Env};
use shared::function::StartError;

use crate::transport::{ID_HEADER, Rendered, SendError, Transport};

/// How long SES may take for one attempt. Longer than for the table: after an attempt that was given up, the mail may be sent twice.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long all attempts together may take.
const OPERATION: Duration = Duration::from_secs(10);

/// The tag by which SES counts mails of one kind apart.
const KIND_TAG: &str = "latchkey-kind";

/// The client of SES.
#[derive(Clone, Debug)]
pub struct Ses(Client);

impl Ses {
    /// Creates the client; sends nothing.
    ///
    /// # Errors
    ///
    /// [`StartError`] for a wrong variable.
    pub async fn connect(env: &Env<'_>) -> Result<Self, StartError> {
        let config = aws::config(env, &AWS_ENDPOINT_URL_SESV2).await?;
        let time_outs = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION);
        let time_outs = match config.timeout_config().and_then(TimeoutConfig::connect_timeout) {
            Some(connect) => time_outs.connect_timeout(connect),
            None => time_outs,
        };
        let config = Builder::from(&config).timeout_config(time_outs.build()).build();
        Ok(Self(Client::from_conf(config)))
    }
}

impl Transport for Ses {
    async fn send(&self, mail: &Rendered) -> Result<(), SendError> {
        let from = mail.from.encode();
        let from = from.map_err(|error| SendError::Unavailable(error.to_string()))?;
        let to = mail.to.with_ascii_domain();
        let to = to.ok_or_else(|| SendError::Rejected("NoAsciiDomain".to_owned()))?;
        let incomplete = |error: aws_sdk_sesv2::error::BuildError| SendError::Unavailable(error.to_string());
        let header = MessageHeader::builder().name(ID_HEADER).value(&mail.id);
        let body = Body::builder()
            .text(content(&mail.text).map_err(incomplete)?)
            .html(content(&mail.html).map_err(incomplete)?);
        let message = Message::builder()
            .subject(content(&mail.subject).map_err(incomplete)?)
            .body(body.build())
            .headers(header.build().map_err(incomplete)?);
        let tag = MessageTag::builder().name(KIND_TAG).value(mail.kind);
        let sent = self
            .0
            .send_email()
            .from_email_address(from)
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message.build()).build())
            .email_tags(tag.build().map_err(incomplete)?)
            .send()
            .await;
        sent.map(|_| ()).map_err(|error| match error.as_service_error() {
            Some(refused) => of(refused),
            None => SendError::Unavailable(aws::message(&error)),
        })
    }
}

/// Distinguishes what no retry changes from what an operator or time does: sending that is paused or suspended, a domain that is not verified yet, a
/// quota (<https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>). A message of SES can have the address, so the code
/// alone is kept.
fn of(refused: &SendEmailError) -> SendError {
    let code = refused.code().unwrap_or("unknown");
    match refused {
        SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_) => {
            SendError::Rejected(code.to_owned())
        }
        _ => SendError::Unavailable(code.to_owned()),
    }
}

fn content(data: &str) -> Result<Content, aws_sdk_sesv2::error::BuildError> {
    Content::builder().data(data).charset("UTF-8").build()
}
