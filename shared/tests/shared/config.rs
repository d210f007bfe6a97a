use std::collections::BTreeMap;

use shared::config::{Config, Need, VARIABLES};

const ALL: &[Need] = &[Need::Store, Need::Passwords, Need::Tokens, Need::Signing];

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
    let signing = config.signing.unwrap();
    assert_eq!(
        (signing.client_id.as_str(), signing.access_token_seconds),
        ("latchkey", 1800)
    );
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
