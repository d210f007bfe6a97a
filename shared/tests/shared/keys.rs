use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::keys::{Dates, Kind, Published, Ring, RingKey, SessionKey, SigningKey};
use testing::rings::{published, ring_of};

const NOW: Timestamp = Timestamp::from_unix(1_795_466_820);

/// Returns a ring's document with keys of this kind and these PEMs.
fn document(kind: &str, pems: &[&str]) -> String {
    let key = |pem: &&str| {
        json!({
            "kind": kind, "pem": pem, "made_at": "2026-01-01T00:00:00Z", "signs_from": "2026-01-01T00:00:00Z",
            "signs_until": "2100-01-01T00:00:00Z", "drop_at": "2100-01-01T00:00:00Z",
        })
    };
    json!({ "keys": pems.iter().map(key).collect::<Vec<_>>() }).to_string()
}

#[test]
fn each_kind_of_key_is_made_read_and_published_with_its_algorithm() {
    for (kind, algorithm, kty) in [
        (Kind::Rs256, Algorithm::RS256, "RSA"),
        (Kind::Es256, Algorithm::ES256, "EC"),
        (Kind::EdDsa, Algorithm::EdDSA, "OKP"),
    ] {
        let document = ring_of(&[kind]);
        let ring = Ring::parse(&document).unwrap();
        let key = ring.signer(NOW, 0).unwrap();
        assert_eq!(key.kind().algorithm(), algorithm);
        let public = Published::parse(&published(&document)).unwrap();
        let set = serde_json::to_value(public.jwk_set(NOW)).unwrap();
        let jwk = set["keys"][0].as_object().unwrap();
        assert_eq!(jwk["kty"], kty);
        assert_eq!(jwk["use"], "sig");
        assert_eq!(jwk["kid"], key.kid());
        assert_eq!(jwk["alg"], json!(algorithm));
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(!jwk.contains_key(private), "{kind:?} publishes {private}");
        }
        let found = public.find(key.kid(), NOW).unwrap();
        assert_eq!(found.algorithm(), algorithm);
        assert!(key.agrees_with(found));
        assert!(public.find("another", NOW).is_none());
    }
}

#[test]
fn keys_agree_with_their_own_public_side_alone() {
    let [one, other] = [(), ()].map(|()| SigningKey::generate(Kind::EdDsa).unwrap());
    let public = one.public();
    assert!(one.agrees_with(public) && !other.agrees_with(public));
    let rsa = SigningKey::generate(Kind::Rs256).unwrap();
    assert!(!rsa.agrees_with(public));
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
    // A generated key's id is the same function of its public members.
    let key = SigningKey::generate(Kind::Es256).unwrap();
    let thumbprint = key
        .public()
        .jwk()
        .thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256)
        .unwrap();
    assert_eq!(thumbprint, key.kid());
}

#[test]
fn what_is_not_pkcs8_of_a_kind_that_signs_is_rejected_and_named() {
    // openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024, made for this test alone.
    let small = include_str!("rsa-1024.pem");
    let public = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    let noise = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (kind, pem, rule) in [
        (
            "RS256",
            public,
            "key 1 is not PKCS#8: the PEM label must be PRIVATE KEY",
        ),
        ("RS256", noise, "key 1 is not an RSA key, as its kind RS256 says"),
        ("ES256", small, "key 1 is not a P-256 key, as its kind ES256 says"),
        (
            "EdDSA",
            small,
            "key 1 is not an Ed25519 key, as its kind EdDSA says",
        ),
        ("RS256", "secret", "key 1 is not PEM"),
    ] {
        let rejected = Ring::parse(&document(kind, &[pem])).unwrap_err();
        assert_eq!(rejected.to_string(), rule);
    }
    // The parser of the key or the check of its strength rejects it, whichever comes first.
    let rejected = Ring::parse(&document("RS256", &[small])).unwrap_err().to_string();
    assert!(
        rejected.starts_with("key 1 is not an RSA key") || rejected.ends_with("under 2048 bits"),
        "{rejected}"
    );
    for text in [
        "",
        "secret",
        "[]",
        "{\"keys\":[{\"secret\":\"x\"}]}",
        "{\"keys\":[{\"pem\":\"x\",\"secret\":1}]}",
        "{\"keys\":[{\"kind\":\"HS256\",\"pem\":\"secret\"}]}",
    ] {
        let error = Ring::parse(text).unwrap_err().to_string();
        assert!(error.starts_with("is not a document of signing keys"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn a_public_set_with_a_symmetric_or_weak_key_or_without_kid_or_alg_is_rejected() {
    let good: Value = serde_json::from_str(&published(&ring_of(&[Kind::Rs256]))).unwrap();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut set = good.clone();
        change(&mut set["keys"][0]["jwk"]);
        Published::parse(&set.to_string())
            .and_then(|published| published.check())
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
    let key = SigningKey::generate(Kind::EdDsa).unwrap();
    assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.kid()));
}

/// Returns a ring's document with one session key of this id and secret.
fn session_document(id: &str, secret: &str) -> String {
    json!({"keys": [], "session_keys": [{"id": id, "secret": secret, "signs_from": "2026-01-01T00:00:00Z"}]})
        .to_string()
}

#[test]
fn a_session_key_seals_and_derives_by_hkdf_of_its_secret() {
    // The bytes 0 to 7, and 0 to 31. What is expected was calculated by Python's `hmac` and `cryptography`.
    let (id, secret) = ("AAECAwQFBgc", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    let ring = Ring::parse(&session_document(id, secret)).unwrap();
    let key = ring.session_key(NOW).unwrap();
    assert_eq!((key.id(), key.kid()), (&[0, 1, 2, 3, 4, 5, 6, 7], id));
    let mut sealed = b"a message".to_vec();
    let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
    key.sealing()
        .seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed)
        .unwrap();
    assert_eq!(
        URL_SAFE_NO_PAD.encode(sealed),
        "JQ_sCmREFkTFVxi6PkPiq-vy4PTIk0QBkg"
    );
    assert_eq!(
        URL_SAFE_NO_PAD.encode(hmac::sign(key.deriving(), b"a message")),
        "jkHqoH4TaIqAsRw7iJj2U2sy5-007jdtLeuYOL3Y8xj5RT7o99tWX4c57jdyzSoiYpQkM2OHGCYYet3bWjtIoQ"
    );
    // Nothing that is printed or published has the secret.
    assert_eq!(format!("{key:?}"), format!("SessionKey({id})"));
    let document = ring.document().unwrap();
    assert_eq!(*document, session_document(id, secret));
    assert!(!published(&document).contains(id));
    for (id, secret, rule) in [
        ("AAECAwQFBg", secret, "has no id of 8 bytes in base64url"),
        (id, "AAECAwQFBgc", "has no secret of 32 bytes in base64url"),
        (id, "+/swordfish", "has no secret of 32 bytes in base64url"),
    ] {
        let rejected = Ring::parse(&session_document(id, secret)).unwrap_err();
        assert_eq!(rejected.to_string(), format!("session key 1 {rule}"));
    }
}

#[test]
fn a_ring_with_the_most_keys_fits_a_secret() {
    let mut ring: Value = serde_json::from_str(&ring_of(&[Kind::Rs256])).unwrap();
    for list in ["keys", "session_keys"] {
        ring[list] = vec![ring[list][0].clone(); 24].into();
    }
    let bytes = ring.to_string().len();
    assert!(bytes < 65_536, "{bytes} bytes");
}

#[test]
fn of_the_session_keys_the_one_that_began_last_seals() {
    let keys = [0, 200, 100].map(|start| SessionKey::generate(Timestamp::from_unix(start)).unwrap());
    let ring = Ring {
        session_keys: keys.to_vec(),
        ..Ring::default()
    };
    for (now, index) in [(0, 0), (99, 0), (100, 2), (199, 2), (200, 1), (900, 1)] {
        let sealing = ring.session_key(Timestamp::from_unix(now)).unwrap();
        assert_eq!(sealing.id(), keys[index].id(), "{now}");
    }
    assert!(ring.session_key(Timestamp::from_unix(-1)).is_none());
    assert_eq!(ring.session_key_of(keys[2].id()).unwrap().kid(), keys[2].kid());
    assert!(ring.session_key_of(&[0; 8]).is_none());
}

#[test]
fn a_ring_is_overdue_once_its_next_key_has_signed_for_a_tenth_of_a_rotation() {
    let day = 86_400;
    let at = |days: i64| Timestamp::from_unix(NOW.unix() + days * day);
    let ring = Ring {
        keys: vec![RingKey {
            key: SigningKey::generate(Kind::EdDsa).unwrap(),
            dates: Dates {
                made_at: at(-30),
                signs_from: at(0),
                signs_until: at(60),
                drop_at: at(61),
            },
        }],
        ..Ring::default()
    };
    assert!(!ring.is_overdue(at(-1)) && !ring.is_overdue(at(3)));
    assert!(ring.is_overdue(at(4)));
    assert!(!Ring::default().is_overdue(at(4)));
}
