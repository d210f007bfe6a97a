//! A private key as AWS-LC holds it. It is parsed once: to parse an RSA key takes as long as to sign with it.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, EllipticCurveKeyParameters, EllipticCurveKeyType,
    OctetKeyPairParameters, OctetKeyPairType, RSAKeyParameters, RSAKeyType,
};
use zeroize::Zeroizing;

use super::key::Kind;

/// A private key with its public one.
pub(super) enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Pair {
    /// Generates a key. Returns its PKCS#8 document.
    pub(super) fn generate(kind: Kind) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let pkcs8 = match kind {
            Kind::Rs256 => {
                let document: Pkcs8V1Der<'static> = RsaKeyPair::generate(KeySize::Rsa2048)?.as_der()?;
                document.as_ref().to_vec()
            }
            Kind::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?
                .to_pkcs8v1()?
                .as_ref()
                .to_vec(),
            Kind::EdDsa => Ed25519KeyPair::generate()?.to_pkcs8v1()?.as_ref().to_vec(),
        };
        Ok(Zeroizing::new(pkcs8))
    }

    /// Reads a PKCS#8 document and checks the key.
    pub(super) fn read(kind: Kind, pkcs8: &[u8]) -> Result<Self, KeyRejected> {
        Ok(match kind {
            Kind::Rs256 => Self::Rsa(RsaKeyPair::from_pkcs8(pkcs8)?),
            Kind::Es256 => Self::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)?),
            Kind::EdDsa => Self::Ed(Ed25519KeyPair::from_pkcs8(pkcs8)?),
        })
    }

    /// Signs a message by the kind's one algorithm (RFC 7518 section 3.3 and 3.4, RFC 8037 section 3.1).
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)?;
                Ok(signature)
            }
            Self::Ec(pair) => Ok(pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec()),
            Self::Ed(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
        }
    }

    /// Returns the parameters of the public key's JWK (RFC 7518 section 6.2.1 and 6.3.1, RFC 8037 section 2).
    pub(super) fn public(&self) -> AlgorithmParameters {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(pair) => {
                let key = pair.public_key();
                AlgorithmParameters::RSA(RSAKeyParameters {
                    key_type: RSAKeyType::RSA,
                    n: encode(key.modulus().big_endian_without_leading_zero()),
                    e: encode(key.exponent().big_endian_without_leading_zero()),
                })
            }
            Self::Ec(pair) => {
                // An uncompressed point: the byte 4, x and y.
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
                    key_type: EllipticCurveKeyType::EC,
                    curve: EllipticCurve::P256,
                    x: encode(x),
                    y: encode(y),
                })
            }
            Self::Ed(pair) => AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
                key_type: OctetKeyPairType::OctetKeyPair,
                curve: EllipticCurve::Ed25519,
                x: encode(pair.public_key().as_ref()),
            }),
        }
    }
}
