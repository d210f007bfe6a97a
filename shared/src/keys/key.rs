//! The keys: a private one that signs, a public one that verifies, and the kinds that either may be.
//!
//! A key's kind decides its algorithm and its thumbprint (RFC 7638) its `kid`. Symmetric keys and RSA keys under 2,048 bits are
//! rejected (RFC 8725 section 3.2, 3.5).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse, ThumbprintHash,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use pem::Pem;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::pair::Pair;
use crate::error::Error;

/// The kinds of key that sign, each with its one algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// RSA of 2,048 bits or more: the only family that API Gateway's JWT authorizer accepts.
    #[serde(rename = "RS256")]
    Rs256,
    /// The curve P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// The curve Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Kind {
    /// Returns the kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Rs256, Self::Es256, Self::EdDsa]
            .into_iter()
            .find(|kind| kind.to_string() == name)
    }

    /// Returns the `alg` of this kind's signatures (RFC 7518 section 3.1, RFC 8037).
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        })
    }
}

/// The reason why a document of keys is rejected: which key, and the rule. Holds nothing of the key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeysError(String);

impl KeysError {
    pub(crate) fn new(rule: impl Into<String>) -> Self {
        Self(rule.into())
    }

    /// Creates the error of the key at `index` of a document.
    pub(super) fn at(index: usize, rule: &str) -> Self {
        Self(format!("key {} {rule}", index + 1))
    }

    /// Creates the error of text that is not such a document. `error`'s own message could quote a part of a key.
    pub(super) fn not_a(what: &str, error: &serde_json::Error) -> Self {
        Self(format!(
            "is not a {what} (line {}, column {})",
            error.line(),
            error.column()
        ))
    }
}

/// A private key with its `kid`. Prints no key.
pub struct SigningKey {
    kind: Kind,
    pem: Zeroizing<String>,
    pair: Pair,
    public: PublicKey,
}

impl SigningKey {
    /// Generates a key.
    pub fn generate(kind: Kind) -> Result<Self, KeysError> {
        let pkcs8 = Pair::generate(kind).map_err(|_| KeysError::new("no key could be generated"))?;
        let contents = Pem::new("PRIVATE KEY", pkcs8.as_slice());
        let pem = Zeroizing::new(pem::encode(&contents));
        drop(Zeroizing::new(contents.into_contents()));
        Self::read(kind, pem).map_err(KeysError::new)
    }

    /// Reads a PKCS#8 PEM.
    ///
    /// # Errors
    ///
    /// The rule that the key breaks, a phrase that follows its name.
    pub fn read(kind: Kind, pem: Zeroizing<String>) -> Result<Self, String> {
        let parsed = pem::parse(pem.as_bytes()).map_err(|_| "is not PEM".to_owned())?;
        let is_pkcs8 = parsed.tag() == "PRIVATE KEY";
        let pkcs8 = Zeroizing::new(parsed.into_contents());
        if !is_pkcs8 {
            return Err("is not PKCS#8: the PEM label must be PRIVATE KEY".to_owned());
        }
        let pair = Pair::read(kind, &pkcs8).map_err(|_| {
            match kind {
                Kind::Rs256 => "is not an RSA key, as its kind RS256 says",
                Kind::Es256 => "is not a P-256 key, as its kind ES256 says",
                Kind::EdDsa => "is not an Ed25519 key, as its kind EdDSA says",
            }
            .to_owned()
        })?;
        let mut jwk = Jwk {
            common: CommonParameters {
                public_key_use: Some(PublicKeyUse::Signature),
                key_algorithm: Some(kind.algorithm().into()),
                ..CommonParameters::default()
            },
            algorithm: pair.public(),
        };
        let kid = jwk
            .thumbprint(ThumbprintHash::SHA256)
            .map_err(|_| "has no thumbprint".to_owned())?;
        jwk.common.key_id = Some(kid);
        Ok(Self {
            kind,
            pem,
            pair,
            public: PublicKey::read(jwk)?,
        })
    }

    /// Returns the RFC 7638 thumbprint, SHA-256.
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// Returns the kind, which decides the algorithm.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the public side, with `kid`, `use` and `alg` (RFC 7517 section 4).
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Reports whether what this key signs verifies by a public key.
    pub fn agrees_with(&self, public: &PublicKey) -> bool {
        let algorithm = self.kind.algorithm();
        let message = b"a message that is not a token";
        algorithm == public.algorithm
            && self.sign(message).is_ok_and(|signature| {
                jsonwebtoken::crypto::verify(&signature, message, &public.decoding, algorithm)
                    .is_ok_and(|verified| verified)
            })
    }

    /// Signs a message. Returns the signature in base64url.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<String, Error> {
        let signature = self.pair.sign(message);
        let signature = signature.map_err(|error| Error::internal("the signature", error.to_string()))?;
        Ok(URL_SAFE_NO_PAD.encode(signature))
    }

    /// Returns the private side, for the document of the ring alone.
    pub(crate) fn pem(&self) -> &Zeroizing<String> {
        &self.pem
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({})", self.kid())
    }
}

fn check_strength(jwk: &Jwk) -> Result<(), String> {
    let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else {
        return Ok(());
    };
    let modulus = URL_SAFE_NO_PAD
        .decode(&rsa.n)
        .map_err(|_| "has a modulus that is not base64url".to_owned())?;
    let significant = modulus.iter().skip_while(|byte| **byte == 0).count();
    let leading = modulus
        .iter()
        .find(|byte| **byte != 0)
        .map_or(0, |byte| byte.leading_zeros() as usize);
    if significant * 8 - leading < 2048 {
        return Err("is an RSA key under 2048 bits".to_owned());
    }
    Ok(())
}

/// A public key that tokens are verified by.
#[derive(Clone)]
pub struct PublicKey {
    jwk: Jwk,
    kid: String,
    algorithm: Algorithm,
    decoding: DecodingKey,
}

impl PublicKey {
    /// Reads a public JWK.
    ///
    /// # Errors
    ///
    /// The rule that the key breaks: symmetric keys, RSA under 2,048 bits, and any without `kid` or `alg` are rejected.
    pub fn read(jwk: Jwk) -> Result<Self, String> {
        let algorithm = match (&jwk.algorithm, jwk.common.key_algorithm) {
            (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::RS256)) => Algorithm::RS256,
            (AlgorithmParameters::EllipticCurve(ec), Some(KeyAlgorithm::ES256))
                if ec.curve == EllipticCurve::P256 =>
            {
                Algorithm::ES256
            }
            (AlgorithmParameters::OctetKeyPair(_), Some(KeyAlgorithm::EdDSA)) => Algorithm::EdDSA,
            _ => return Err("is not an RS256, ES256 or EdDSA key".to_owned()),
        };
        check_strength(&jwk)?;
        let kid = jwk.common.key_id.clone().ok_or("has no kid")?;
        let decoding = DecodingKey::from_jwk(&jwk).map_err(|_| "cannot be read".to_owned())?;
        Ok(Self {
            jwk,
            kid,
            algorithm,
            decoding,
        })
    }

    /// Returns the JWK.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Returns the id, which is nothing but a name here (RFC 8725 section 3.10).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the one algorithm that this key verifies (RFC 8725 section 3.1).
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns what verifies signatures.
    pub fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.jwk == other.jwk
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", self.kid)
    }
}
