use std::collections::BTreeMap;

use shared::config::{Config, Need, RingPlace, VARIABLES};
use shared::keys::Kind;

const ALL: &[Need] = &[
    Need::Store,
    Need::Passwords,
    Need::Tokens,
    Need::Signing,
    Need::Grants,
    Need::TokenLife,
    Need::Ring,
    Need::Lead,
    Need::Rotation,
    Need::Origins,
];

fn read(needs: &[Need], changes: &[(&str, &str)]) -> Result<Config, String> {
    let mut variables = BTreeMap::from([
        ("TABLE_NAME", "users"),
        ("ISSUER", "https://auth.example.com"),
        ("SIGNING_KEYS_FILE", "keys.json"),
    ]);
    variables.extend(changes.iter().copied());
    Config::read(needs, |name| variables.get(name).map(|value| (*value).to_owned()))
        .map_err(|error| error.to_string())
}

#[test]
fn defaults_stand_where_nothing_is_set() {
    let config = read(ALL, &[]).unwrap();
    let argon2 = config.passwords.unwrap();
    assert_eq!(
        (argon2.memory_kib, argon2.iterations, argon2.parallelism),
        (19_456, 2, 1)
    );
    assert_eq!(config.tokens.unwrap().audience, "https://auth.example.com");
    assert_eq!(config.signing.unwrap().client_id, "latchkey");
    assert_eq!(config.access_token_seconds, Some(1800));
    assert_eq!(config.lead.unwrap().seconds, 6 * 3600);
    let rotation = config.rotation.unwrap();
    assert_eq!((rotation.seconds, rotation.kind), (30 * 86_400, Kind::Rs256));
    assert_eq!(config.gateway_owns_cors, Some(false));
    assert!(config.store.unwrap().endpoint.is_none());
}

#[test]
fn a_missing_variable_is_named() {
    for name in VARIABLES
        .iter()
        .filter(|variable| variable.default.is_none())
        .map(|variable| variable.name)
    {
        assert_eq!(
            read(ALL, &[(name, "")]).unwrap_err(),
            format!("{name} must be set")
        );
    }
}

#[test]
fn a_wrong_value_is_named_and_not_shown() {
    for (name, value) in [
        ("ARGON2_MEMORY_KIB", "7167"),
        ("ARGON2_MEMORY_KIB", "131073"),
        ("ARGON2_ITERATIONS", "0"),
        ("ARGON2_PARALLELISM", "17"),
        ("ACCESS_TOKEN_SECONDS", "59"),
        ("ACCESS_TOKEN_SECONDS", "86401"),
        ("ACCESS_TOKEN_SECONDS", "half an hour"),
        ("ENABLE_PASSWORD_GRANT", "perhaps"),
        ("DYNAMODB_ENDPOINT", "localhost:8000"),
        ("ISSUER", "auth.example.com"),
        ("SECRETS_MANAGER_ENDPOINT", "localhost:8001"),
        ("KEY_LEAD_SECONDS", "1"),
        ("KEY_ROTATION_SECONDS", "31536001"),
    ] {
        let message = read(ALL, &[(name, value)]).unwrap_err();
        assert!(message.starts_with(&format!("{name} must be ")), "{message}");
        assert!(!message.contains(value), "{message}");
    }
}

#[test]
fn an_issuer_is_an_https_origin_and_http_is_for_loopback_only() {
    for issuer in [
        "https://auth.example.com",
        "https://auth.example.com:8443",
        "http://127.0.0.1:3000",
        "http://localhost:9000",
        "http://[::1]:3000",
    ] {
        assert_eq!(
            read(ALL, &[("ISSUER", issuer)]).unwrap().tokens.unwrap().issuer,
            issuer
        );
    }
    for issuer in [
        "https://auth.example.com/",
        "https://auth.example.com/path",
        "https://auth.example.com?a=b",
        "https://auth.example.com#a",
        "http://auth.example.com",
        "http://10.0.0.1",
        "https://AUTH.example.com",
        "https://user@auth.example.com",
        "https://auth.example.com:443",
        "ftp://127.0.0.1",
    ] {
        assert!(read(ALL, &[("ISSUER", issuer)]).is_err(), "{issuer}");
    }
}

#[test]
fn a_function_reads_only_what_it_needs() {
    let config = read(
        &[Need::Store, Need::Passwords],
        &[("ISSUER", "wrong"), ("SIGNING_KEYS_FILE", "")],
    )
    .unwrap();
    assert!(config.tokens.is_none() && config.signing.is_none());
}

#[test]
fn the_key_ring_is_in_a_secret_or_in_a_file_and_not_in_both() {
    let place = |secret, file| {
        read(
            &[Need::Ring],
            &[("SIGNING_KEYS_SECRET", secret), ("SIGNING_KEYS_FILE", file)],
        )
        .map(|config| config.ring.unwrap().place)
    };
    assert_eq!(place("arn", ""), Ok(RingPlace::Secret("arn".to_owned())));
    assert_eq!(place("", "keys.json"), Ok(RingPlace::File("keys.json".into())));
    for both_or_none in [("arn", "keys.json"), ("", "")] {
        let message = place(both_or_none.0, both_or_none.1).unwrap_err();
        assert_eq!(
            message,
            "SIGNING_KEYS_SECRET or SIGNING_KEYS_FILE must be set, and not both"
        );
    }
}

#[test]
fn a_rotation_is_not_shorter_than_the_lead_and_makes_a_known_kind() {
    let message = read(&[Need::Rotation], &[("KEY_ROTATION_SECONDS", "21599")]).unwrap_err();
    assert_eq!(
        message,
        "KEY_ROTATION_SECONDS must not be less than KEY_LEAD_SECONDS"
    );
    let message = read(&[Need::Rotation], &[("KEY_KIND", "HS256")]).unwrap_err();
    assert_eq!(message, "KEY_KIND is not RS256, ES256 or EdDSA");
}
