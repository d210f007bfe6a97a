//! Access tokens: JWTs of RFC 9068, issued and verified by the rules of RFC 8725.

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::config::{SigningConfig, TokenConfig};
use crate::error::Error;
use crate::keys::{PublicKey, SigningKey};
use crate::random;
use crate::user::UserId;

/// The media type of an access token (RFC 9068 section 2.1), without `application/`.
const TYPE: &str = "at+jwt";
/// How far clocks may differ, in seconds.
pub const LEEWAY_SECONDS: i64 = 60;

/// The claims of an access token (RFC 9068 section 2.2). Nothing personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it: configuration, byte for byte. One string: an array is refused.
    pub iss: String,
    /// For whom it is. One string, too.
    pub aud: String,
    /// The user's id.
    pub sub: String,
    /// The client that got it.
    pub client_id: String,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it ends.
    pub exp: i64,
    /// When the user gave a password.
    pub auth_time: i64,
    /// The token's own id.
    pub jti: String,
    /// Absent where nothing was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Never issued, honoured where present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
}

impl Claims {
    /// The claims of a token for a user who logs in now, which lives for `life_seconds`.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] without randomness.
    pub fn at_log_in(
        user: &UserId,
        tokens: &TokenConfig,
        signing: &SigningConfig,
        life_seconds: u32,
        now: Timestamp,
    ) -> Result<Self, Error> {
        Ok(Self {
            iss: tokens.issuer.clone(),
            aud: tokens.audience.clone(),
            sub: user.as_str().to_owned(),
            client_id: signing.client_id.clone(),
            iat: now.unix(),
            exp: now.plus(life_seconds).unix(),
            auth_time: now.unix(),
            jti: random::ulid(now)?,
            scope: None,
            nbf: None,
        })
    }
}

/// Signs claims.
///
/// # Errors
///
/// [`Error::Internal`] where the key does not sign.
pub fn sign(claims: &Claims, key: &SigningKey) -> Result<String, Error> {
    let mut header = Header::new(key.kind().algorithm());
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(key.kid().to_owned());
    jsonwebtoken::encode(&header, claims, key.encoding())
        .map_err(|error| Error::internal("the signature", error.to_string()))
}

/// The header of a token that may yet verify: of our type, without extensions, with a key id.
pub struct Unverified<'a> {
    token: &'a str,
    kid: String,
    algorithm: Algorithm,
}

impl<'a> Unverified<'a> {
    /// Reads a token's header. `jku`, `x5u`, `x5c` and `jwk` are not looked at; a token with `crit` is refused, since no
    /// extension is understood here (RFC 7515 section 4.1.11).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidToken`].
    pub fn read(token: &'a str) -> Result<Self, Error> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Error::InvalidToken)?;
        let typ = header.typ.unwrap_or_default().to_ascii_lowercase();
        let is_access_token = typ.strip_prefix("application/").unwrap_or(&typ) == TYPE;
        if !is_access_token || header.crit.is_some() {
            return Err(Error::InvalidToken);
        }
        Ok(Self {
            token,
            kid: header.kid.ok_or(Error::InvalidToken)?,
            algorithm: header.alg,
        })
    }

    /// The id of the key that the token says it was signed by.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Verifies signature and claims; the algorithm is the key's and not the token's.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidToken`].
    pub fn verify(&self, key: &PublicKey, tokens: &TokenConfig, now: Timestamp) -> Result<Claims, Error> {
        if self.algorithm != key.algorithm() {
            return Err(Error::InvalidToken);
        }
        let mut validation = Validation::new(key.algorithm());
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        validation.set_issuer(&[&tokens.issuer]);
        validation.set_audience(&[&tokens.audience]);
        // The times are checked below, by the clock that is given.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(self.token, key.decoding(), &validation)
            .map_err(|_| Error::InvalidToken)?
            .claims;
        if claims.is_current(now) && !claims.sub.is_empty() {
            Ok(claims)
        } else {
            Err(Error::InvalidToken)
        }
    }
}

impl Claims {
    fn is_current(&self, now: Timestamp) -> bool {
        let now = now.unix();
        let latest_start = now.saturating_add(LEEWAY_SECONDS);
        self.exp.saturating_add(LEEWAY_SECONDS) > now
            && self.iat <= latest_start
            && self.nbf.is_none_or(|nbf| nbf <= latest_start)
    }
}
