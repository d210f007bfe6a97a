use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use shared::keys::{Kind, PublicKeys, SigningKeys, generate};

fn document(pems: &[&str]) -> String {
    json!({ "keys": pems.iter().map(|pem| json!({ "pem": pem })).collect::<Vec<_>>() }).to_string()
}

fn pem_of(document: &str) -> String {
    let value: Value = serde_json::from_str(document).unwrap();
    value["keys"][0]["pem"].as_str().unwrap().to_owned()
}

#[test]
fn each_kind_of_key_is_made_read_and_published_with_its_algorithm() {
    for (kind, algorithm, kty) in [
        (Kind::Rs256, Algorithm::RS256, "RSA"),
        (Kind::Es256, Algorithm::ES256, "EC"),
        (Kind::EdDsa, Algorithm::EdDSA, "OKP"),
    ] {
        let keys = SigningKeys::parse(&generate(kind).unwrap()).unwrap();
        let key = keys.current().unwrap();
        assert_eq!(key.kind().algorithm(), algorithm);
        let set: Value = serde_json::from_str(&keys.jwk_set().unwrap()).unwrap();
        let jwk = set["keys"][0].as_object().unwrap();
        assert_eq!(jwk["kty"], kty);
        assert_eq!(jwk["use"], "sig");
        assert_eq!(jwk["kid"], key.kid());
        assert_eq!(jwk["alg"], json!(algorithm));
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(!jwk.contains_key(private), "{kind:?} publishes {private}");
        }
        let public = PublicKeys::parse(&keys.jwk_set().unwrap()).unwrap();
        assert_eq!(public.find(key.kid()).unwrap().algorithm(), algorithm);
        assert!(public.find("another").is_none());
    }
}

#[test]
fn the_kid_is_the_thumbprint_of_rfc_7638() {
    // RFC 7638 section 3.1: the example key and its thumbprint.
    let jwk = json!({
        "kty": "RSA", "e": "AQAB",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    });
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk).unwrap();
    let thumbprint = jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap();
    assert_eq!(thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    // And ours is the same function of a key's public members.
    let keys = SigningKeys::parse(&generate(Kind::Es256).unwrap()).unwrap();
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&keys.jwk_set().unwrap()).unwrap();
    assert_eq!(
        set.keys[0]
            .thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256)
            .unwrap(),
        keys.current().unwrap().kid()
    );
}

#[test]
fn a_set_of_several_keys_signs_with_the_first_and_publishes_all() {
    let pems: Vec<String> = [Kind::Es256, Kind::EdDsa, Kind::Rs256]
        .iter()
        .map(|kind| pem_of(&generate(*kind).unwrap()))
        .collect();
    let pems: Vec<&str> = pems.iter().map(String::as_str).collect();
    let keys = SigningKeys::parse(&document(&pems)).unwrap();
    assert_eq!(keys.current().unwrap().kind(), Kind::Es256);
    let set: Value = serde_json::from_str(&keys.jwk_set().unwrap()).unwrap();
    assert_eq!(set["keys"].as_array().unwrap().len(), 3);
}

#[test]
fn an_empty_set_is_a_set_without_a_current_key() {
    assert!(SigningKeys::parse(&document(&[])).unwrap().current().is_none());
}

#[test]
fn what_is_not_pkcs8_of_a_kind_that_signs_is_refused_and_named() {
    // openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024, made for this test alone.
    let small = include_str!("rsa-1024.pem");
    let public = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    let noise = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (pem, rule) in [
        (
            small,
            "key 1 is not an RSA key of 2048 bits or more, nor a P-256 or Ed25519 key",
        ),
        (public, "key 1 is not PKCS#8: the PEM label must be PRIVATE KEY"),
        (
            noise,
            "key 1 is not an RSA key of 2048 bits or more, nor a P-256 or Ed25519 key",
        ),
        ("secret", "key 1 is not PEM"),
    ] {
        assert_eq!(
            SigningKeys::parse(&document(&[pem])).unwrap_err().to_string(),
            rule
        );
    }
    for text in [
        "",
        "secret",
        "[]",
        "{\"keys\":[{\"secret\":\"x\"}]}",
        "{\"keys\":[{\"pem\":\"x\",\"secret\":1}]}",
    ] {
        let error = SigningKeys::parse(text).unwrap_err().to_string();
        assert!(error.starts_with("is not a document of signing keys"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn a_public_set_with_a_symmetric_or_weak_key_or_without_kid_or_alg_is_refused() {
    let keys = SigningKeys::parse(&generate(Kind::Rs256).unwrap()).unwrap();
    let good: Value = serde_json::from_str(&keys.jwk_set().unwrap()).unwrap();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut set = good.clone();
        change(&mut set["keys"][0]);
        PublicKeys::parse(&set.to_string())
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(with(&|_| {}), Ok(()));
    let symmetric = json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "a"});
    assert!(with(&|key| *key = symmetric.clone()).is_err());
    assert!(with(&|key| key["alg"] = json!("HS256")).is_err());
    assert!(with(&|key| key["alg"] = json!("ES256")).is_err());
    assert!(
        with(&|key| key["n"] = json!("c2hvcnQ"))
            .unwrap_err()
            .contains("under 2048 bits")
    );
    for member in ["kid", "alg"] {
        assert!(
            with(&|key| {
                key.as_object_mut().unwrap().remove(member);
            })
            .is_err(),
            "{member}"
        );
    }
}

#[test]
fn a_signing_key_prints_its_kid_alone() {
    let keys = SigningKeys::parse(&generate(Kind::EdDsa).unwrap()).unwrap();
    let key = keys.current().unwrap();
    assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.kid()));
}
