//! Our own forgeries: headers that point elsewhere, and every check of a token on its own.

use std::net::TcpListener;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use me::Me;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::keys::Kind;
use testing::deployment::{Deployment, ISSUER, call};
use testing::event::me;
use testing::fault_proxy::FaultProxy;
use testing::forge::Forger;
use testing::rings::ring_of;

/// `me` on a store whose requests are counted, and a forger with the service's own key.
struct Fixture {
    function: Me,
    proxy: FaultProxy,
    forger: Forger,
    user: String,
    now: i64,
    _deployment: Deployment,
}

impl Fixture {
    async fn with(kind: Kind) -> Self {
        let deployment = Deployment::without_keys().await;
        let ring = ring_of(&[kind]);
        deployment.use_keys(&ring).await;
        let user = deployment.user("johndoe", "correct horse battery").await;
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let deployment = deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
        let now = Clock::system().now().unix();
        let fixture = Self {
            function: deployment.function().await,
            proxy,
            forger: Forger::new(&ring, ISSUER, &user, now),
            user,
            now,
            _deployment: deployment,
        };
        assert_eq!(fixture.status(&fixture.forger.token(|_, _| {})).await, 200);
        // From here on the keys have just been read for an unknown one, so that the store is asked for users alone.
        fixture
            .status(&fixture.with_header("kid", json!("unknown")))
            .await;
        fixture.proxy.reset_counts();
        fixture
    }

    async fn status(&self, token: &str) -> u16 {
        call(&self.function, me(token)).await.status
    }

    /// Asserts that a token is rejected before the user is read.
    async fn rejects(&self, why: &str, token: &str) {
        self.proxy.reset_counts();
        assert_eq!(self.status(token).await, 401, "{why}");
        let operations = self.proxy.operations();
        assert!(operations.is_empty(), "{why}: {operations:?}");
    }

    /// Returns a token with one more or another member of the header, signed by the service's key.
    fn with_header(&self, name: &str, value: Value) -> String {
        self.forger.token(|header, _| header[name] = value)
    }

    /// Returns a token signed by the service's key with another claim, or without it where the value is `null`.
    fn with_claim(&self, name: &str, value: Value) -> String {
        self.forger.token(|_, claims| {
            claims[name] = value;
            claims
                .as_object_mut()
                .unwrap()
                .retain(|_, value| !value.is_null());
        })
    }
}

#[tokio::test]
async fn j_04_what_a_header_points_to_is_never_read_and_kid_is_only_looked_up() {
    let fixture = Fixture::with(Kind::Rs256).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let attacker = Forger::new(&ring_of(&[Kind::Rs256]), ISSUER, &fixture.user, fixture.now);
    let pointers = [
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("jwk", attacker.jwk()),
        ("x5c", json!(["AAAA"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
    ];
    for (name, value) in &pointers {
        let ours = fixture.with_header(name, value.clone());
        assert_eq!(fixture.status(&ours).await, 200, "{name} is ignored");
        for kid in [&fixture.forger.header["kid"], &attacker.header["kid"]] {
            let theirs = attacker.token(|header, _| {
                header["kid"] = kid.clone();
                header[*name] = value.clone();
            });
            fixture.rejects(name, &theirs).await;
        }
    }
    assert!(listener.accept().is_err(), "a header's URL was fetched");
    for crit in [
        json!([]),
        json!(["exp"]),
        json!(["b64"]),
        json!("exp"),
        json!({"b64": false}),
    ] {
        let why = crit.to_string();
        fixture.rejects(&why, &fixture.with_header("crit", crit)).await;
    }
    for kid in [
        json!(""),
        json!("../../../../dev/null"),
        json!("file:///etc/passwd"),
        json!(url),
        json!("' OR '1'='1"),
        json!("| id"),
        json!("keys"),
        json!("a\u{0}b"),
        json!("k".repeat(8_000)),
        json!(0),
        json!([fixture.forger.header["kid"]]),
        json!(null),
    ] {
        let why = format!("{kid:.40}");
        fixture.rejects(&why, &fixture.with_header("kid", kid)).await;
    }
    assert!(listener.accept().is_err(), "a kid was fetched");
}

#[tokio::test]
async fn n_15_a_token_is_read_after_its_signature_algorithm_key_times_type_and_audience() {
    let fixture = Fixture::with(Kind::Rs256).await;
    let forger = &fixture.forger;
    let genuine = forger.token(|_, _| {});
    let (message, signature) = genuine.rsplit_once('.').unwrap();
    // The signature is checked first. Claims that changed after signing are not trusted.
    let other = forger.token(|_, claims| claims["sub"] = json!("another"));
    let other_message = other.rsplit_once('.').unwrap().0;
    fixture
        .rejects("another message", &format!("{other_message}.{signature}"))
        .await;
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for index in (0..bytes.len()).step_by(8) {
        let mut bytes = bytes.clone();
        bytes[index] ^= 1;
        fixture
            .rejects("a bit", &format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes)))
            .await;
    }
    for (why, bytes) in [
        ("a byte less", &bytes[1..]),
        ("the last byte less", &bytes[..255]),
        ("no signature", &[][..]),
        ("zeros", &[0; 256]),
        ("ones", &[255; 256]),
        ("a leading zero", &[&[0], &bytes[..]].concat()),
    ] {
        fixture
            .rejects(why, &format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes)))
            .await;
    }
    // One signature has one text: the last character's four unused bits are zero.
    let last = signature.as_bytes()[signature.len() - 1];
    let next = char::from(last + 1);
    let twin = format!("{}{next}", &genuine[..genuine.len() - 1]);
    fixture.rejects("unused bits", &twin).await;
    fixture.rejects("padding", &format!("{genuine}==")).await;
    fixture.rejects("two parts", message).await;
    fixture
        .rejects("four parts", &format!("{genuine}.{signature}"))
        .await;
    fixture.rejects("five parts", &format!("{genuine}.a.b")).await;

    for algorithm in [
        "none", "None", "nOnE", "", "HS256", "HS512", "RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256",
    ] {
        fixture
            .rejects(algorithm, &fixture.with_header("alg", json!(algorithm)))
            .await;
        let mut header = forger.header.clone();
        header["alg"] = json!(algorithm);
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        let claims = message.rsplit_once('.').unwrap().1;
        fixture.rejects(algorithm, &format!("{header}.{claims}.")).await;
    }
    fixture
        .rejects("the modulus as a secret", &forger.hs256_with_the_public_key())
        .await;
    fixture.rejects("an empty secret", &forger.hs256(b"")).await;
    fixture
        .rejects(
            "the JWK as a secret",
            &forger.hs256(forger.jwk().to_string().as_bytes()),
        )
        .await;
    let member = forger.header.to_string();
    let twice = member.replacen('{', "{\"alg\":\"none\",", 1);
    fixture
        .rejects("alg twice", &forger.token_of(&twice, &forger.claims.to_string()))
        .await;
    let stranger = Forger::new(&ring_of(&[Kind::Rs256]), ISSUER, &fixture.user, fixture.now);
    fixture.rejects("another key", &stranger.token(|_, _| {})).await;

    let now = fixture.now;
    for (claim, value) in [
        ("exp", json!(now - 120)),
        ("exp", json!(null)),
        ("exp", json!("9999999999")),
        ("exp", json!(1e300)),
        ("exp", json!(i64::MAX)),
        ("iat", json!(now + 120)),
        ("iat", json!(i64::MIN)),
        ("nbf", json!(now + 120)),
        ("nbf", json!("0")),
        ("aud", json!(null)),
        ("aud", json!("https://other.example.com")),
        ("aud", json!([ISSUER])),
        ("aud", json!(format!("{ISSUER}/"))),
        ("iss", json!("https://other.example.com")),
        ("iss", json!(null)),
        ("sub", json!(null)),
        ("sub", json!("")),
    ] {
        let why = format!("{claim}: {value}");
        fixture.rejects(&why, &fixture.with_claim(claim, value)).await;
    }
    for typ in [
        json!("JWT"),
        json!("at+jwt;x"),
        json!("at+JWT "),
        json!(""),
        json!(null),
        json!(["at+jwt"]),
    ] {
        let why = typ.to_string();
        fixture.rejects(&why, &fixture.with_header("typ", typ)).await;
    }
    assert_eq!(fixture.status(&genuine).await, 200);
}

#[tokio::test]
async fn signatures_that_verify_anything_in_broken_libraries_verify_nothing() {
    for kind in [Kind::Es256, Kind::EdDsa] {
        let fixture = Fixture::with(kind).await;
        let genuine = fixture.forger.token(|_, _| {});
        let (message, signature) = genuine.rsplit_once('.').unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        // The order of P-256: equal to zero where it is not checked (CVE-2022-21449).
        let order = [
            &[255; 4][..],
            &[0; 4],
            &[255; 8],
            &[
                0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25,
                0x51,
            ],
        ]
        .concat();
        // The identity of Ed25519 as R, with S = 0.
        let mut identity = [0; 64];
        identity[0] = 1;
        let der = [&[0x30, 68, 2, 32][..], &bytes[..32], &[2, 32], &bytes[32..]].concat();
        for (why, bytes) in [
            ("zeros", &[0; 64][..]),
            ("the order", &[&order[..], &order[..]].concat()),
            ("the identity", &identity),
            ("DER", &der),
            ("the first half", &bytes[..32]),
            ("twice", &[&bytes[..], &bytes[..]].concat()),
            ("halves exchanged", &[&bytes[32..], &bytes[..32]].concat()),
        ] {
            let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes));
            fixture.rejects(&format!("{kind}: {why}"), &token).await;
        }
    }
}
