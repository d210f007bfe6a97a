//! How a client proves itself at the OAuth endpoints (RFC 6749 section 2.3.1): HTTP Basic, or the form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::{HeaderMap, header};
use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use super::client::Client;
use crate::error::Error;
use crate::events::Event;
use crate::http::form::Form;

/// The id and the secret that a request names.
pub struct PresentedClient {
    /// The `client_id`, not empty.
    pub id: String,
    secret: Zeroizing<String>,
    is_challenged: bool,
}

impl PresentedClient {
    /// Reads what a request names; `None` where it names no client. A header without a secret, which some libraries always send, proves nothing: the
    /// form counts where it names a client.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] where a header with a secret stands beside another id or a secret in the form.
    pub fn read(headers: &HeaderMap, form: &mut Form) -> Result<Option<Self>, Error> {
        let (id, secret) = (form.take("client_id"), form.take("client_secret"));
        let is_challenged = is_challenged(headers);
        let basic = basic(headers).filter(|(basic_id, basic_secret)| {
            !basic_id.is_empty() && (!basic_secret.is_empty() || id.is_none())
        });
        let Some((basic_id, basic_secret)) = basic else {
            return Ok(id.map(|id| Self {
                id: id.to_string(),
                secret: secret.unwrap_or_default(),
                is_challenged,
            }));
        };
        if secret.is_some() || id.is_some_and(|id| *id != basic_id) {
            return Err(Error::InvalidRequest(
                "The client must be named once, by the header Authorization or by the form".into(),
            ));
        }
        Ok(Some(Self {
            id: basic_id,
            secret: basic_secret,
            is_challenged: true,
        }))
    }

    /// Creates the error of a request that names no client where one must prove itself: a header that names none was an attempt, too.
    pub fn missing(headers: &HeaderMap) -> Error {
        Error::InvalidClient {
            by_header: is_challenged(headers),
        }
    }

    /// Returns the client that has proved itself; `None` for an id that no client has, which is ignored.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidClient`] for the wrong secret of a client.
    pub fn authenticate(&self, client: Option<Client>) -> Result<Option<Client>, Error> {
        match client {
            Some(client) if !client.has_secret(&self.secret) => {
                Event::ClientRefused { client: &client.id }.log();
                Err(self.invalid())
            }
            client => Ok(client),
        }
    }

    /// Returns the confidential client that has proved itself.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidClient`] also for an unknown id and for a public client.
    pub fn authenticate_confidential(&self, client: Option<Client>) -> Result<Client, Error> {
        self.authenticate(client)?
            .filter(Client::is_confidential)
            .ok_or_else(|| self.invalid())
    }

    fn invalid(&self) -> Error {
        Error::InvalidClient {
            by_header: self.is_challenged,
        }
    }
}

/// Reports whether a failure is a 401 with a challenge: a client that used the header gets one, whatever it put there (RFC 6749 section 5.2).
fn is_challenged(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
}

/// Reads Basic credentials, each part form-url-decoded after base64. What is malformed is none, and so are two values.
fn basic(headers: &HeaderMap) -> Option<(String, Zeroizing<String>)> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim_matches(' ')).ok()?);
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((form_decoded(id)?.to_string(), form_decoded(secret)?))
}

/// Decodes `application/x-www-form-urlencoded` (RFC 6749 appendix B).
fn form_decoded(text: &str) -> Option<Zeroizing<String>> {
    let spaced = Zeroizing::new(text.replace('+', " "));
    // With room for all: a vector that grows leaves a copy behind.
    let mut decoded = Zeroizing::new(Vec::with_capacity(spaced.len()));
    decoded.extend(percent_decode(spaced.as_bytes()));
    let decoded = std::str::from_utf8(&decoded).ok()?;
    Some(Zeroizing::new(decoded.to_owned()))
}
