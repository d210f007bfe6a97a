//! `latchkey doctor`.

use std::process::Output;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};
use axum::Router;
use axum::http::header;
use axum::routing::get;
use local::TABLE_NAME;
use serde_json::json;
use shared::clock::Clock;
use shared::keys::KEYS_FILE;
use testing::secrets_manager::{SECRET, SecretsManager};
use tokio::net::TcpListener;

use crate::running::Running;
use crate::{bare, fails, printed};

/// Returns the check of a subject, in two lines where something is wrong.
fn check(output: &Output, subject: &str) -> String {
    let report = String::from_utf8(output.stdout.clone()).unwrap();
    let mut lines = report.lines();
    let line = lines
        .find(|line| line.get(12..).is_some_and(|rest| rest.starts_with(subject)))
        .unwrap();
    let remedy = lines.next().filter(|line| line.starts_with(' '));
    [line, remedy.unwrap_or_default()].join("\n")
}

/// Checks that this alone, or this and what depends on it, is wrong, and what to type.
fn is_wrong(output: &Output, subject: &str, what: &str, remedy: &str) {
    fails(output, "found something wrong");
    let check = check(output, subject);
    assert!(
        check.starts_with("wrong ") && check.contains(what) && check.contains(remedy),
        "{check}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_has_nothing_wrong_and_what_was_not_given_is_named() {
    let service = Running::start().await;
    let healthy = service.latchkey(&["doctor"]);
    let report = printed(&healthy);
    let states: Vec<&str> = report.lines().map(|line| line[..12].trim()).collect();
    let expected = [&["ok"; 8][..], &["not checked", "ok"]].concat();
    assert_eq!(states, expected, "{report}");
    assert!(check(&healthy, "issuer").contains(&service.url), "{report}");
    assert!(check(&healthy, "alarms").contains("give --stack"), "{report}");
    let without = bare(&["doctor", "--endpoint", &service.dynamodb])
        .output()
        .unwrap();
    printed(&without);
    for subject in ["discovery", "clock", "issuer", "JWK Set"] {
        assert!(
            check(&without, subject).contains("give --stack, or --url"),
            "{subject}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_published_keys_are_found_and_what_it_says_to_type_helps() {
    let service = Running::start().await;
    let client = service.client().await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let lost = client.delete_item().table_name(TABLE_NAME);
    let lost = lost.key("pk", text("keys")).key("sk", text("published"));
    lost.send().await.unwrap();
    let found = service.latchkey(&["doctor"]);
    is_wrong(&found, "published", "no key is published yet", "keys rotate");
    is_wrong(&found, "ring", "is not published as it signs", " keys rotate");
    printed(&service.latchkey(&["keys", "rotate"]));
    printed(&service.latchkey(&["doctor"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_that_is_gone_broken_or_empty_is_found() {
    let service = Running::start().await;
    let file = service.data().join(KEYS_FILE);
    for (document, what, remedy) in [
        (Some("{}"), "is not a document of signing keys", "put back a copy"),
        (Some(r#"{"keys":[]}"#), "no key may sign now", " keys rotate"),
        (None, "is not there", "put back a copy"),
    ] {
        match document {
            Some(document) => std::fs::write(&file, document).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        is_wrong(&service.latchkey(&["doctor"]), "ring", what, remedy);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_missing_has_other_keys_or_no_expiry_is_found() {
    let service = Running::start().await;
    let client = service.client().await;
    let other = |table: &str| service.latchkey(&["doctor", "--table", table]);
    is_wrong(&other("Nowhere"), "table", "Nowhere", "--table");
    let keys = [("pk", KeyType::Hash), ("id", KeyType::Range)].map(|(name, kind)| {
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        key.build().unwrap()
    });
    let types = ["pk", "id"].map(|name| {
        let kind = AttributeDefinition::builder().attribute_name(name);
        kind.attribute_type(ScalarAttributeType::S).build().unwrap()
    });
    let create = client.create_table().table_name("Other");
    let create = create.set_key_schema(Some(keys.into()));
    let create = create.set_attribute_definitions(Some(types.into()));
    create
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
    is_wrong(&other("Other"), "table", "not the partition key pk", "TableName");
    is_wrong(
        &other("Other"),
        "expiry",
        "no item of Other leaves",
        "aws dynamodb update-time-to-live --table-name Other",
    );
    let off = TimeToLiveSpecification::builder().attribute_name("expires_at");
    let off = off.enabled(false).build().unwrap();
    let update = client.update_time_to_live().table_name(TABLE_NAME);
    update.time_to_live_specification(off).send().await.unwrap();
    is_wrong(
        &service.latchkey(&["doctor"]),
        "expiry",
        "leaves by",
        "Enabled=true",
    );
    let away = ["doctor", "--endpoint", "http://127.0.0.1:1"];
    fails(
        &bare(&away).output().unwrap(),
        "nothing listens at http://127.0.0.1:1",
    );
}

/// Serves metadata with this issuer, the host's own by default, and a JWK Set of another table; returns the URL.
async fn elsewhere(issuer: Option<&str>, date: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let metadata = json!({"issuer": issuer.unwrap_or(&url), "jwks_uri": format!("{url}/jwks.json")});
    let set = json!({"keys": [{"kid": "another"}]}).to_string();
    let metadata = get(move || async move { ([(header::DATE, date)], metadata.to_string()) });
    let router = Router::new()
        .route("/.well-known/openid-configuration", metadata)
        .route("/jwks.json", get(move || async move { set }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn another_issuer_key_set_or_clock_is_found_as_a_verifier_would() {
    let service = Running::start().await;
    let at = |url: &str| service.latchkey(&["doctor", "--url", url]);
    is_wrong(
        &at("http://127.0.0.1:1"),
        "discovery",
        "does not respond",
        "BaseUrl",
    );
    let not_found = format!("{}/nothing", service.url);
    is_wrong(&at(&not_found), "discovery", "responds 404", "BaseUrl");
    let old = "Fri, 15 Jan 2016 08:00:00 GMT";
    let own = at(&elsewhere(None, old).await);
    is_wrong(&own, "clock", "s ahead of the service's", "timedatectl");
    assert!(check(&own, "issuer").starts_with("ok "));
    is_wrong(&own, "JWK Set", "has the key another", "--table");
    let unreachable = at(&elsewhere(Some("http://127.0.0.1:1"), old).await);
    is_wrong(&unreachable, "issuer", "does not respond", "parameter Issuer");
    let of_other = elsewhere(Some("http://127.0.0.1:1"), old).await;
    let mismatched = at(&elsewhere(Some(&of_other), "not a date").await);
    is_wrong(&mismatched, "issuer", "has another issuer", "parameter Issuer");
    assert!(check(&mismatched, "clock").starts_with("not checked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_a_deployment_is_checked_by_its_description() {
    let service = Running::start().await;
    let secrets = SecretsManager::start().await.unwrap();
    let doctor = || {
        let mut command = service.command(&["doctor", "--secret", SECRET]);
        command.env_remove("AWS_PROFILE");
        command.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint());
        command.output().unwrap()
    };
    let healthy = doctor();
    printed(&healthy);
    assert!(check(&healthy, "secret").starts_with("ok "));
    assert!(check(&healthy, "ring").contains("alone read it"));
    let pending = secrets.begin_rotation();
    secrets.set_changed_at(Clock::system().now().unix());
    let running = doctor();
    assert!(
        check(&running, "secret").contains("a rotation goes on"),
        "{running:?}"
    );
    secrets.set_changed_at(1);
    is_wrong(&doctor(), "secret", &pending, "--remove-from-version-id");
    secrets.set_away(true);
    let denied = doctor();
    assert!(check(&denied, "secret").contains("it needs the permission secretsmanager:DescribeSecret"));
    is_wrong(
        &denied,
        "permissions",
        "denied: secretsmanager:DescribeSecret",
        " policy`",
    );
    secrets.set_away(false);
    secrets.clear();
    is_wrong(&doctor(), "secret", "no current version", "rotate-secret");
    assert_eq!(secrets.count("GetSecretValue"), 0);
}
