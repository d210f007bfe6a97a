use std::collections::BTreeMap;

use shared::env::{
    ALLOWED_ORIGINS, ARGON2_ITERATIONS, AUDIENCE, AWS_ENDPOINT_URL_DYNAMODB,
    AWS_ENDPOINT_URL_SECRETS_MANAGER, Env, ISSUER, KEY_KIND, TABLE_NAME, declarations,
};
use shared::function::StartError;
use shared::keys::{Kind, Lifecycle, RingStore};
use shared::passwords::HashCost;
use shared::sessions::Policy;
use shared::table::Table;
use shared::tokens::{Grants, Issuer};

fn env<'a>(changes: &[(&'a str, &'a str)]) -> Env<'a> {
    let mut variables = BTreeMap::from([
        ("TABLE_NAME", "users"),
        ("ISSUER", "https://auth.example.com"),
        ("SIGNING_KEYS_FILE", "keys.json"),
    ]);
    variables.extend(changes.iter().copied());
    Env::new(move |name| variables.get(name).map(|value| (*value).to_owned()))
}

/// Reads every variable of every function.
async fn read_all(env: &Env<'_>) -> Result<(), StartError> {
    Table::connect(env).await?;
    RingStore::connect(env).await?;
    env.get(&AWS_ENDPOINT_URL_SECRETS_MANAGER)?;
    HashCost::read(env)?;
    Issuer::read(env)?;
    Grants::read(env)?;
    Policy::read(env)?;
    Lifecycle::read(env)?;
    Ok(())
}

async fn message(changes: &[(&str, &str)]) -> String {
    read_all(&env(changes)).await.unwrap_err().to_string()
}

#[test]
fn defaults_stand_where_nothing_is_set() {
    let env = env(&[]);
    let cost = HashCost::read(&env).unwrap();
    assert_eq!(
        (cost.memory_kib, cost.iterations, cost.parallelism),
        (19_456, 2, 1)
    );
    assert_eq!(Issuer::read(&env).unwrap().aud, "https://auth.example.com");
    let lifecycle = Lifecycle::read(&env).unwrap();
    assert_eq!(lifecycle.lead.seconds, 6 * 3600);
    assert_eq!(
        (lifecycle.rotation_seconds, lifecycle.token_seconds),
        (30 * 86_400, 1800)
    );
    assert_eq!(lifecycle.kind, Kind::Rs256);
    assert!(env.get(&ALLOWED_ORIGINS).unwrap().is_empty());
    assert_eq!(env.get(&AWS_ENDPOINT_URL_DYNAMODB), Ok(None));
}

#[tokio::test]
async fn a_missing_variable_is_named() {
    for variable in declarations()
        .into_iter()
        .filter(|variable| variable.default.is_none())
    {
        let name = variable.name;
        assert_eq!(message(&[(name, "")]).await, format!("{name} must be set"));
    }
}

#[tokio::test]
async fn a_wrong_value_is_named_and_not_shown() {
    for (name, value) in [
        ("ARGON2_MEMORY_KIB", "7167"),
        ("ARGON2_MEMORY_KIB", "131073"),
        ("ARGON2_ITERATIONS", "0"),
        ("ARGON2_PARALLELISM", "17"),
        ("ACCESS_TOKEN_SECONDS", "59"),
        ("ACCESS_TOKEN_SECONDS", "86401"),
        ("ACCESS_TOKEN_SECONDS", "half an hour"),
        ("ENABLE_PASSWORD_GRANT", "perhaps"),
        ("ENABLE_REFRESH_TOKENS", "perhaps"),
        ("REFRESH_REPLAY_SECONDS", "3601"),
        ("SESSION_SECONDS", "59"),
        ("SESSION_IDLE_SECONDS", "31536001"),
        ("MAX_SESSIONS", "51"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "localhost:8000"),
        ("ISSUER", "auth.example.com"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "localhost:8001"),
        ("KEY_LEAD_SECONDS", "1"),
        ("KEY_ROTATION_SECONDS", "31536001"),
        ("KEY_KIND", "HS256"),
    ] {
        let message = message(&[(name, value)]).await;
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
        assert_eq!(env(&[("ISSUER", issuer)]).get(&ISSUER).unwrap(), issuer);
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
        assert!(env(&[("ISSUER", issuer)]).get(&ISSUER).is_err(), "{issuer}");
    }
}

#[test]
fn the_reader_records_which_variables_were_read() {
    let env = env(&[("ARGON2_ITERATIONS", "wrong")]);
    env.get(&TABLE_NAME).unwrap();
    env.get(&AUDIENCE).unwrap();
    assert!(env.get(&ARGON2_ITERATIONS).is_err());
    let read: Vec<&str> = env.names_read().into_iter().collect();
    assert_eq!(read, ["ARGON2_ITERATIONS", "AUDIENCE", "TABLE_NAME"]);
}

#[tokio::test]
async fn the_key_ring_is_in_a_secret_or_in_a_file_and_not_in_both() {
    let place = async |secret, file| {
        let env = env(&[("SIGNING_KEYS_SECRET", secret), ("SIGNING_KEYS_FILE", file)]);
        RingStore::connect(&env)
            .await
            .map(|ring| ring.variable())
            .map_err(|error| error.to_string())
    };
    assert_eq!(place("arn", "").await, Ok("SIGNING_KEYS_SECRET"));
    assert_eq!(place("", "keys.json").await, Ok("SIGNING_KEYS_FILE"));
    for (secret, file) in [("arn", "keys.json"), ("", "")] {
        let message = place(secret, file).await.unwrap_err();
        assert_eq!(
            message,
            "SIGNING_KEYS_SECRET or SIGNING_KEYS_FILE must be set, and not both"
        );
    }
}

#[tokio::test]
async fn a_rotation_is_not_shorter_than_the_lead_and_makes_a_known_kind() {
    assert_eq!(
        message(&[("KEY_ROTATION_SECONDS", "21599")]).await,
        "KEY_ROTATION_SECONDS must not be less than KEY_LEAD_SECONDS"
    );
    for kind in [Kind::Rs256, Kind::Es256, Kind::EdDsa] {
        let name = kind.to_string();
        assert_eq!(env(&[("KEY_KIND", &name)]).get(&KEY_KIND), Ok(name.as_str()));
    }
}
