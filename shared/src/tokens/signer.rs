//! Issues access tokens by the private keys.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Header;
use serde::Serialize;

use super::access_token::TYPE;
use super::claims::Claims;
use super::grant::{Grant, ValidWith};
use super::issuer::Issuer;
use crate::clock::{Clock, Timestamp};
use crate::env::{ACCESS_TOKEN_SECONDS, CLIENT_ID, Env};
use crate::error::Error;
use crate::function::StartError;
use crate::keys::{Cached, Lead, Ring, RingStore, SigningKey};

/// A signer of one issuer's tokens.
pub struct Signer {
    issuer: Issuer,
    client_id: String,
    token_seconds: u32,
    lead: Lead,
    ring: Cached<RingStore>,
    ring_variable: &'static str,
    clock: Clock,
}

/// An access token that was issued.
#[derive(Debug)]
pub struct Issued {
    /// The JWT.
    pub access_token: String,
    /// How long it lives, in seconds.
    pub expires_in: u32,
    /// When it expires.
    pub expires: Timestamp,
}

impl Signer {
    /// Creates the client; sends nothing.
    pub async fn connect(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let lead = Lead::read(env)?;
        let ring = RingStore::connect(env).await?;
        Ok(Self {
            issuer: Issuer::read(env)?,
            client_id: env.get(&CLIENT_ID)?,
            token_seconds: env.get(&ACCESS_TOKEN_SECONDS)?,
            lead,
            ring_variable: ring.variable(),
            ring: Cached::new(ring, clock.clone(), lead.copy_seconds()),
            clock: clock.clone(),
        })
    }

    /// Reads the key ring ahead of the first request.
    ///
    /// # Errors
    ///
    /// [`StartError`] for a ring that cannot be used.
    pub async fn prepare(&self) -> Result<(), StartError> {
        self.ring.prepare(self.ring_variable).await
    }

    /// Returns the key ring; at least one key is in it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] until there is one.
    pub async fn ring(&self) -> Result<Arc<Ring>, Error> {
        self.ring.get().await
    }

    /// Returns what `pick` finds in the key ring, or `None`. Where it finds nothing, such as a session key that another copy of the
    /// function uses by now, the ring is read again, at most once in 30 s.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the ring cannot be read.
    pub async fn find_in_ring<T>(
        &self,
        pick: impl Fn(&Ring) -> Option<T> + Send,
    ) -> Result<Option<T>, Error> {
        self.ring.find(pick).await
    }

    /// Returns the key that signs now, so that what can fail fails before a token is spent.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where no key of the ring may sign now.
    pub fn key<'a>(&self, ring: &'a Ring) -> Result<&'a SigningKey, Error> {
        ring.signer(self.clock.now(), self.lead.reach_seconds(self.token_seconds))
            .ok_or_else(|| Error::unavailable("the keys", "no key of the ring may sign now"))
    }

    /// Issues an access token at `now`, by which its session is live.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where signing fails.
    pub fn issue(&self, grant: &Grant<'_>, key: &SigningKey, now: Timestamp) -> Result<Issued, Error> {
        let longest = now.plus(self.token_seconds);
        let expires = match grant.valid_with {
            ValidWith::Session(_, end) => end.min(longest),
            ValidWith::Credentials(_) | ValidWith::Client => longest,
        };
        let claims = Claims::new(grant, &self.issuer, &self.client_id, expires, now)?;
        Ok(Issued {
            access_token: sign(&claims, key)?,
            expires_in: u32::try_from(expires.unix() - now.unix())
                .map_err(|_| Error::internal("the token", "its session has expired"))?,
            expires,
        })
    }
}

/// Signs claims as a JWT of RFC 9068, in the compact serialization (RFC 7515 section 3.1). `jsonwebtoken` would parse the key at each
/// signature.
fn sign(claims: &Claims, key: &SigningKey) -> Result<String, Error> {
    let mut header = Header::new(key.kind().algorithm());
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(key.kid().to_owned());
    let signed = format!("{}.{}", part(&header)?, part(claims)?);
    let signature = key.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{signature}"))
}

fn part(part: &impl Serialize) -> Result<String, Error> {
    let json = serde_json::to_vec(part).map_err(|error| Error::internal("the token", error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}
