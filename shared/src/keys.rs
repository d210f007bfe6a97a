//! The signing keys: one JSON document of private keys, and the public JWK Set (RFC 7517) that is derived from it.
//!
//! The private document is `{"keys": [{"pem": "-----BEGIN PRIVATE KEY-----…"}]}`, PKCS#8. A key's kind decides its
//! algorithm and its thumbprint (RFC 7638) its `kid`; the first key signs, and all verify. Symmetric keys and RSA keys under
//! 2,048 bits are refused (RFC 8725 section 3.2, 3.5).

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse, ThumbprintHash,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use pem::Pem;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The kinds of key that sign, each with its one algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RSA of 2,048 bits or more: the only family that API Gateway's JWT authorizer takes.
    Rs256,
    /// The curve P-256.
    Es256,
    /// The curve Ed25519.
    EdDsa,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// The `alg` of this kind's signatures (RFC 7518 section 3.1, RFC 8037).
    #[must_use]
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

/// Why a document of keys is refused: which key, and the rule. Holds nothing of the key.
#[derive(Debug, PartialEq, Eq)]
pub struct KeysError(String);

impl fmt::Display for KeysError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for KeysError {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    keys: Vec<DocumentKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentKey {
    pem: Zeroizing<String>,
}

/// A document with one fresh key.
///
/// # Errors
///
/// Where the cryptographic library cannot make a key.
pub fn generate(kind: Kind) -> Result<Zeroizing<String>, KeysError> {
    let failed = |_| KeysError("no key could be made".to_owned());
    let pkcs8 = Zeroizing::new(match kind {
        Kind::Rs256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
            let der: Pkcs8V1Der<'static> = pair.as_der().map_err(failed)?;
            der.as_ref().to_vec()
        }
        Kind::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|pair| pair.to_pkcs8v1())
            .map_err(failed)?
            .as_ref()
            .to_vec(),
        // Version 1 on purpose: jsonwebtoken does not read version 2.
        Kind::EdDsa => Ed25519KeyPair::generate()
            .and_then(|pair| pair.to_pkcs8v1())
            .map_err(failed)?
            .as_ref()
            .to_vec(),
    });
    let pem = Zeroizing::new(pem::encode(&Pem::new("PRIVATE KEY", pkcs8.as_slice())));
    let document = Document {
        keys: vec![DocumentKey { pem }],
    };
    serde_json::to_string_pretty(&document)
        .map(Zeroizing::new)
        .map_err(|error| KeysError(error.to_string()))
}

/// A private key with its `kid`. Prints no key.
pub struct SigningKey {
    kid: String,
    kind: Kind,
    encoding: EncodingKey,
    public: Jwk,
}

impl SigningKey {
    /// The RFC 7638 thumbprint, SHA-256.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Decides the algorithm.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({})", self.kid)
    }
}

/// A set of private keys, in the order of its document.
#[derive(Debug)]
pub struct SigningKeys(Vec<SigningKey>);

impl SigningKeys {
    /// Reads a document. One without keys is a set without keys.
    ///
    /// # Errors
    ///
    /// What is not such a document, and keys that are not taken.
    pub fn parse(document: &str) -> Result<Self, KeysError> {
        let document: Document = serde_json::from_str(document).map_err(|error| {
            // The error's own words could quote a part of a key.
            KeysError(format!(
                "is not a document of signing keys (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        document
            .keys
            .iter()
            .enumerate()
            .map(|(index, key)| read_private(&key.pem).map_err(|rule| of_key(index, &rule)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The key that signs: the first. `None` where there is none yet.
    #[must_use]
    pub fn current(&self) -> Option<&SigningKey> {
        self.0.first()
    }

    /// The public JWK Set as JSON.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn jwk_set(&self) -> Result<String, KeysError> {
        let set = JwkSet {
            keys: self.0.iter().map(|key| key.public.clone()).collect(),
        };
        serde_json::to_string(&set).map_err(|error| KeysError(error.to_string()))
    }
}

fn of_key(index: usize, rule: &str) -> KeysError {
    KeysError(format!("key {} {rule}", index + 1))
}

/// The kind is found by trying: PKCS#8 names it, and only one of the three readers takes it.
fn read_private(pem: &str) -> Result<SigningKey, String> {
    let parsed = pem::parse(pem).map_err(|_| "is not PEM".to_owned())?;
    if parsed.tag() != "PRIVATE KEY" {
        return Err("is not PKCS#8: the PEM label must be PRIVATE KEY".to_owned());
    }
    Kind::ALL
        .into_iter()
        .find_map(|kind| read_private_as(kind, pem).transpose())
        .unwrap_or_else(|| {
            Err("is not an RSA key of 2048 bits or more, nor a P-256 or Ed25519 key".to_owned())
        })
}

fn read_private_as(kind: Kind, pem: &str) -> Result<Option<SigningKey>, String> {
    let encoding = match kind {
        Kind::Rs256 => EncodingKey::from_rsa_pem(pem.as_bytes()),
        Kind::Es256 => EncodingKey::from_ec_pem(pem.as_bytes()),
        Kind::EdDsa => EncodingKey::from_ed_pem(pem.as_bytes()),
    };
    let Ok(encoding) = encoding else {
        return Ok(None);
    };
    let Ok(mut public) = Jwk::from_encoding_key(&encoding, kind.algorithm()) else {
        return Ok(None);
    };
    check_strength(&public)?;
    let kid = public
        .thumbprint(ThumbprintHash::SHA256)
        .map_err(|_| "has no thumbprint".to_owned())?;
    public.common.key_id = Some(kid.clone());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(Some(SigningKey {
        kid,
        kind,
        encoding,
        public,
    }))
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

/// A public key of the set.
#[derive(Clone)]
pub struct PublicKey {
    kid: String,
    algorithm: Algorithm,
    decoding: DecodingKey,
}

impl PublicKey {
    /// The one algorithm that this key verifies (RFC 8725 section 3.1).
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }
}

/// A public JWK Set that tokens are verified by.
pub struct PublicKeys(Vec<PublicKey>);

impl PublicKeys {
    /// Reads a JWK Set as this service writes it.
    ///
    /// # Errors
    ///
    /// What is not such a set, and keys that are not taken: symmetric ones, RSA under 2,048 bits, any without `kid` or `alg`.
    pub fn parse(jwk_set: &str) -> Result<Self, KeysError> {
        let set: JwkSet = serde_json::from_str(jwk_set).map_err(|error| {
            KeysError(format!(
                "is not a JWK Set (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        set.keys
            .iter()
            .enumerate()
            .map(|(index, jwk)| read_public(jwk).map_err(|rule| of_key(index, &rule)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The key of a `kid`, which is nothing but a name here (RFC 8725 section 3.10).
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.0.iter().find(|key| key.kid == kid)
    }

    /// Whether there is no key yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn read_public(jwk: &Jwk) -> Result<PublicKey, String> {
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
    check_strength(jwk)?;
    let kid = jwk.common.key_id.clone().ok_or("has no kid")?;
    let decoding = DecodingKey::from_jwk(jwk).map_err(|_| "cannot be read".to_owned())?;
    Ok(PublicKey {
        kid,
        algorithm,
        decoding,
    })
}
