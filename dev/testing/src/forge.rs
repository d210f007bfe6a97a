//! Tokens that the service did not issue: signed with its keys or with others, with any header and claims.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use shared::keys::Ring;

/// Signs any header and claims.
pub struct Forger {
    document: String,
    /// The header that the service itself would write.
    pub header: Value,
    /// Claims of a token that verifies now.
    pub claims: Value,
}

impl Forger {
    /// Signs with the first key of a ring's document; the claims are of `user`, issued at `now`.
    pub fn new(document: &str, issuer: &str, user: &str, now: i64) -> Self {
        let ring = Ring::parse(document).unwrap();
        let key = &ring.keys[0].key;
        Self {
            document: document.to_owned(),
            header: json!({"alg": json!(key.kind().algorithm()), "typ": "at+jwt", "kid": key.kid()}),
            claims: json!({
                "iss": issuer, "aud": issuer, "sub": user, "client_id": "latchkey",
                "iat": now, "exp": now + 1800, "auth_time": now, "jti": "01J",
            }),
        }
    }

    /// Returns the token of header and claims, after `change` has changed them.
    pub fn token(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let (mut header, mut claims) = (self.header.clone(), self.claims.clone());
        change(&mut header, &mut claims);
        self.token_of(&header.to_string(), &claims.to_string())
    }

    /// Returns the token of a header and claims in any text, such as JSON with a member twice.
    pub fn token_of(&self, header: &str, claims: &str) -> String {
        let document: Value = serde_json::from_str(&self.document).unwrap();
        let pem = document["keys"][0]["pem"].as_str().unwrap().as_bytes();
        let (key, algorithm) = EncodingKey::from_rsa_pem(pem)
            .map(|key| (key, Algorithm::RS256))
            .or_else(|_| EncodingKey::from_ec_pem(pem).map(|key| (key, Algorithm::ES256)))
            .or_else(|_| EncodingKey::from_ed_pem(pem).map(|key| (key, Algorithm::EdDSA)))
            .unwrap();
        signed(&message(header, claims), &key, algorithm)
    }

    /// Returns the public side of the key that signs.
    pub fn jwk(&self) -> Value {
        let ring = Ring::parse(&self.document).unwrap();
        serde_json::to_value(ring.keys[0].key.public().jwk()).unwrap()
    }

    /// Returns a token that names HS256 and is signed with the public key's modulus as the secret.
    pub fn hs256_with_the_public_key(&self) -> String {
        self.hs256(&URL_SAFE_NO_PAD.decode(self.jwk()["n"].as_str().unwrap()).unwrap())
    }

    /// Returns a token that names HS256 and is signed with a secret.
    pub fn hs256(&self, secret: &[u8]) -> String {
        let mut header = self.header.clone();
        header["alg"] = json!("HS256");
        signed(
            &message(&header.to_string(), &self.claims.to_string()),
            &EncodingKey::from_secret(secret),
            Algorithm::HS256,
        )
    }

    /// Returns a token with the algorithm `none` and no signature.
    pub fn unsigned(&self) -> String {
        let mut header = self.header.clone();
        header["alg"] = json!("none");
        format!("{}.", message(&header.to_string(), &self.claims.to_string()))
    }
}

/// Returns the claims of a token without verifying it.
pub fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn message(header: &str, claims: &str) -> String {
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    )
}

fn signed(message: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}
