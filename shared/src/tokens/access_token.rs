//! Access tokens: JWTs of RFC 9068, verified by the rules of RFC 8725.

use jsonwebtoken::{Algorithm, Validation};

use super::claims::Claims;
use super::issuer::Issuer;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::keys::PublicKey;

/// The media type of an access token (RFC 9068 section 2.1), without `application/`.
pub(super) const TYPE: &str = "at+jwt";

/// The header of a token that is not verified yet: of our type, without extensions, with a key id.
pub(super) struct Unverified<'a> {
    token: &'a str,
    kid: String,
    algorithm: Algorithm,
}

impl<'a> Unverified<'a> {
    /// Reads a token's header. `jku`, `x5u`, `x5c` and `jwk` are ignored; a token with `crit` is rejected, since no
    /// extension is understood here (RFC 7515 section 4.1.11).
    pub(super) fn read(token: &'a str) -> Result<Self, Error> {
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

    /// Returns the id of the key that the token claims to be signed by.
    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// Verifies signature and claims; the algorithm is the key's and not the token's.
    pub(super) fn verify(
        &self,
        key: &PublicKey,
        issuer: &Issuer,
        longest_life_seconds: u32,
        now: Timestamp,
    ) -> Result<Claims, Error> {
        if self.algorithm != key.algorithm() {
            return Err(Error::InvalidToken);
        }
        let mut validation = Validation::new(key.algorithm());
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        validation.set_issuer(&[&issuer.iss]);
        validation.set_audience(&[&issuer.aud]);
        // The times are checked below, against the given time.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(self.token, key.decoding(), &validation)
            .map_err(|_| Error::InvalidToken)?
            .claims;
        let is_ours = claims.is_current(now) && claims.lives_at_most(longest_life_seconds);
        if is_ours && !claims.sub.is_empty() {
            Ok(claims)
        } else {
            Err(Error::InvalidToken)
        }
    }
}
