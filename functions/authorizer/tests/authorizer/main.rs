//! What the authorizer decides, by which requests to the store, and what it does not decide. How its decisions fare in the gateway's cache,
//! the properties of the package `local` show.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::Path;

use authorizer::Authorizer;
use serde_json::{Value, json};
use shared::api_keys::{ApiKey, IssuedKey};
use shared::clients::{Client, Clients, GrantType};
use shared::label::Label;
use shared::scope::Scopes;
use shared::table::Table;
use shared::users::{Standing, UserId, Users};
use testing::clock::TestClock;
use testing::deployment::{Deployment, ISSUER};
use testing::event::Event;
use testing::fault_proxy::{Fault, FaultProxy};
use testing::forge::Forger;
use testing::rings::shared_ring;
use testing::runtime_api::{Environment, check_lines};
use testing::table::session;

const START: i64 = 1_800_000_000;
const SESSION: &str = "01M8HZZZZZZZZZZZZZZZZZZZZZ";
const KEY: &str = "01M8HZZZZZZZZZZZZZZZZZZZZY";

/// A user with a session and a key, and a client, behind a proxy.
struct Fixture {
    deployment: Deployment,
    proxy: FaultProxy,
    time: TestClock,
    users: Users,
    clients: Clients,
    user: UserId,
    client: String,
    key: String,
    authorizer: Authorizer,
}

impl Fixture {
    async fn new(header: &str) -> Self {
        let time = TestClock::at(START);
        let deployment = Deployment::start().await.at(&time);
        let user = UserId::known(deployment.user_with_hash("johndoe", "hash").await);
        let users = deployment.users().await;
        let scopes = Scopes::parse("links:read links:write").unwrap();
        assert!(users.grant(&user, &scopes).await.unwrap());
        let sessions = json!({"M": {SESSION: session('A', time.now(), 1_000_000)}});
        deployment.table().set(user.as_str(), "sessions", sessions).await;
        let key = IssuedKey::generate(user.as_str(), KEY).unwrap();
        let name = Label::parse("laptop".to_owned()).unwrap();
        let expires_at = Some(time.now().plus(600));
        let stored = ApiKey::new(name, scopes.clone(), &key, time.now(), expires_at);
        assert!(
            users
                .create_api_key(&user, Standing::Generation(0), KEY, &stored, &[])
                .await
                .unwrap()
        );
        let clients = Clients::new(Table::connect(&deployment.env()).await.unwrap());
        let grants = BTreeSet::from([GrantType::ClientCredentials]);
        let label = Label::parse("A service".to_owned()).unwrap();
        let (client, _) = Client::new(label, false, grants, scopes, time.now()).unwrap();
        clients.create(&client).await.unwrap();
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let deployment = deployment
            .with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint())
            .with("AUTHORIZER_HEADER", header);
        let authorizer = deployment.function().await;
        proxy.reset_counts();
        Self {
            deployment,
            proxy,
            time,
            users,
            clients,
            user,
            client: client.id,
            key: key.as_str().to_owned(),
            authorizer,
        }
    }

    fn token(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        self.token_of(self.user.as_str(), |header, claims| {
            claims["sid"] = json!(SESSION);
            claims["scope"] = json!("links:read");
            change(header, claims);
        })
    }

    fn client_token(&self, client: &str) -> String {
        self.token_of(client, |_, claims| {
            claims["client_id"] = json!(client);
            claims["scope"] = json!("links:write");
            claims.as_object_mut().unwrap().remove("auth_time");
        })
    }

    fn token_of(&self, subject: &str, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        Forger::new(shared_ring(), ISSUER, subject, self.time.now().unix()).token(change)
    }

    /// Returns the decision in the gateway's format, and the requests to the store; `null` where the invocation fails.
    async fn decide(&self, event: &Value) -> (Value, Vec<String>) {
        self.proxy.reset_counts();
        let decision = self.authorizer.handle(event, "").await;
        let decision = decision.map_or(Value::Null, |decision| json!(decision));
        (decision, self.proxy.operations())
    }

    /// Checks that a bearer token or key is refused by these requests to the store.
    async fn refuses(&self, what: &str, credential: &str, requests: &[&str]) {
        let (decision, operations) = self
            .decide(&event(&[("authorization", &bearer(credential))]))
            .await;
        assert_eq!(decision, refused(), "{what}");
        assert_eq!(operations, requests, "{what}");
    }
}

fn bearer(credential: &str) -> String {
    format!("Bearer {credential}")
}

fn refused() -> Value {
    json!({"isAuthorized": false, "context": {}})
}

/// Returns the gateway's event of a request with these headers, of an authorizer without an identity source.
fn event(headers: &[(&str, &str)]) -> Value {
    let event = headers
        .iter()
        .fold(Event::new("GET", "/links/{id}"), |event, (name, value)| {
            event.header(name, value)
        });
    let mut event = event.value().clone();
    event["type"] = json!("REQUEST");
    event["routeArn"] =
        json!("arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/$default/GET/links/1");
    event["identitySource"] = Value::Null;
    event
}

#[tokio::test]
async fn a_02_a_token_is_refused_by_type_issuer_and_audience_without_a_request() {
    let fixture = Fixture::new("authorization").await;
    let own = fixture.token(|_, _| {});
    let forger = Forger::new(shared_ring(), ISSUER, fixture.user.as_str(), START);
    let changed = |part: &str, name: &str, value: Value| {
        fixture.token(|header, claims| {
            let part = if part == "header" { header } else { claims };
            part[name] = value;
        })
    };
    for (what, token) in [
        ("an ID token", changed("header", "typ", json!("JWT"))),
        ("a token without a type", changed("header", "typ", Value::Null)),
        (
            "another issuer's",
            changed("claims", "iss", json!("https://other.example.com")),
        ),
        (
            "another API's",
            changed("claims", "aud", json!("https://api.example.com")),
        ),
        (
            "a list's",
            changed("claims", "aud", json!([ISSUER, "https://api.example.com"])),
        ),
        ("an expired one", changed("claims", "exp", json!(START - 61))),
        ("one with an extension", changed("header", "crit", json!(["b64"]))),
        ("an unsigned one", forger.unsigned()),
        ("HS256 by the public key", forger.hs256_with_the_public_key()),
        ("a cut one", own[..own.len() - 4].to_owned()),
        ("no token", "x".to_owned()),
        ("a cut key", fixture.key[..fixture.key.len() - 1].to_owned()),
    ] {
        fixture.refuses(what, &token, &[]).await;
    }
    let twice = format!("{0}, {0}", bearer(&own));
    for headers in [
        &[][..],
        &[("authorization", "Basic Og==")],
        &[("authorization", "Bearer")],
        &[("authorization", "")],
        &[("authorization", "ü\n")],
        &[("authorization", &own)],
        &[("authorization", &twice)],
        &[("x-api-key", &fixture.key)],
    ] {
        let decided = fixture.decide(&event(headers)).await;
        assert_eq!(decided, (refused(), vec![]), "{headers:?}");
    }
}

#[tokio::test]
async fn a_02_tokens_and_keys_are_allowed_until_they_end_by_one_request_each() {
    let fixture = Fixture::new("authorization").await;
    let (user, client) = (fixture.user.as_str(), fixture.client.as_str());
    let token = fixture.token(|_, _| {});
    let client_token = fixture.client_token(client);
    let of_user = json!({"sub": user, "scope": "links:read", "client_id": "latchkey", "sid": SESSION});
    let of_key = json!({"sub": user, "scope": "links:read links:write"});
    let of_client = json!({"sub": client, "scope": "links:write", "client_id": client});
    let first_use = ["BatchGetItem", "UpdateItem"];
    for (what, credential, context, requests) in [
        ("a token", &token, &of_user, &["GetItem"][..]),
        ("a client's own token", &client_token, &of_client, &["GetItem"]),
        ("the first use of a key", &fixture.key, &of_key, &first_use),
        ("a key", &fixture.key, &of_key, &["BatchGetItem"]),
    ] {
        let decided = fixture
            .decide(&event(&[("authorization", &bearer(credential))]))
            .await;
        assert_eq!(
            decided.0,
            json!({"isAuthorized": true, "context": context}),
            "{what}"
        );
        assert_eq!(decided.1, requests, "{what}");
    }
    let read = &["GetItem"];
    fixture
        .refuses("an unknown client's", &fixture.client_token(SESSION), read)
        .await;
    fixture
        .refuses("no client's", &fixture.client_token("x"), &[])
        .await;
    fixture
        .refuses("a user as a client", &fixture.client_token(user), read)
        .await;
    let nobody = fixture.token_of("nobody", |_, claims| claims["sid"] = json!(SESSION));
    fixture.refuses("an unknown user's", &nobody, read).await;
    let other = fixture.token(|_, claims| claims["sid"] = json!(KEY));
    fixture.refuses("another session's", &other, read).await;
    fixture
        .refuses(
            "no session's",
            &fixture.token_of(user, |_, claims| claims["jti"] = json!("01J-1")),
            read,
        )
        .await;
    let table = fixture.deployment.table();
    table.set(user, "disabled", json!({"BOOL": true})).await;
    fixture.refuses("a disabled user's", &token, read).await;
    fixture
        .refuses("a disabled user's key", &fixture.key, &["BatchGetItem"])
        .await;
    table.set(user, "disabled", json!({"BOOL": false})).await;
    assert!(
        fixture
            .users
            .end_session(&fixture.user, SESSION, fixture.time.now())
            .await
            .unwrap()
    );
    fixture.refuses("an ended session's", &token, read).await;
    assert!(fixture.clients.delete(client).await.unwrap());
    fixture.refuses("a deleted client's", &client_token, read).await;
    fixture.time.pass(600);
    fixture
        .refuses("an expired key", &fixture.key, &["BatchGetItem"])
        .await;
    assert!(fixture.users.end_api_key(&fixture.user, KEY).await.unwrap());
    fixture
        .refuses("an ended key", &fixture.key, &["BatchGetItem"])
        .await;
}

#[tokio::test]
async fn a_02_only_the_named_header_counts_or_each_of_three_without_a_cache() {
    for chosen in ["authorization", "x-api-key", "token", "any"] {
        let fixture = Fixture::new(chosen).await;
        let (key, authorized) = (&*fixture.key, &*bearer(&fixture.key));
        let all = [("authorization", authorized), ("x-api-key", key), ("token", key)];
        for (name, value) in all {
            let is_read = chosen == "any" || chosen == name;
            let (decision, _) = fixture.decide(&event(&[(name, value)])).await;
            assert_eq!(decision["isAuthorized"], is_read, "{chosen}: {name}");
        }
        // Several credentials are none, and a header that is not read is no credential.
        let (decision, _) = fixture.decide(&event(&all)).await;
        assert_eq!(decision["isAuthorized"], chosen != "any", "{chosen}");
    }
}

#[tokio::test]
async fn a_02_what_could_be_cached_under_another_header_fails() {
    let route = "GET /links/{id}";
    for chosen in ["authorization", "x-api-key", "token", "any"] {
        let fixture = Fixture::new(chosen).await;
        let (key, spaced) = (&*fixture.key, &*format!("{} ", fixture.key));
        let headers = [
            ("authorization", &*bearer(key)),
            ("x-api-key", key),
            ("token", spaced),
        ];
        let mut cases = vec![
            (json!(null), true),
            (json!([]), true),
            (json!([route]), false),
            (json!([headers[0].1, route, 1]), false),
            (json!([headers[1].1, null]), false),
            (json!(spaced), false),
            (json!({"0": key}), false),
            (json!(false), false),
        ];
        for (name, value) in headers {
            cases.push((json!([value, route]), name == chosen));
            cases.push((json!([route, value]), name == chosen));
        }
        for (sources, is_decided) in cases {
            let mut event = event(&headers);
            event["identitySource"] = sources.clone();
            let (decision, operations) = fixture.decide(&event).await;
            assert_eq!(!decision.is_null(), is_decided, "{chosen}: {sources}");
            // Several credentials are none.
            let expected = if is_decided {
                json!(chosen != "any")
            } else {
                json!(null)
            };
            assert_eq!(decision["isAuthorized"], expected, "{chosen}: {sources}");
            assert!(is_decided || operations.is_empty(), "{chosen}: {sources}");
        }
    }
    // A source is compared as it was sent, whatever is in it.
    let fixture = Fixture::new("authorization").await;
    for odd in ["ü", "Bearer x\u{0}", "x\n", ""] {
        let mut event = event(&[("authorization", odd)]);
        event["identitySource"] = json!([odd, "GET /links/{id}"]);
        assert_eq!(fixture.decide(&event).await, (refused(), vec![]), "{odd:?}");
        event["identitySource"] = json!(["Bearer x\u{fffd}", "GET /links/{id}"]);
        assert_eq!(fixture.decide(&event).await.0, Value::Null, "{odd:?}");
    }
}

#[tokio::test]
async fn a_02_a_failure_of_the_store_or_an_odd_event_is_a_failed_invocation() {
    let fixture = Fixture::new("authorization").await;
    let credentials = [
        fixture.token(|_, _| {}),
        fixture.key.clone(),
        fixture.client_token(&fixture.client),
    ];
    fixture.proxy.always(Fault::HangUpBefore);
    for credential in &credentials {
        let decided = fixture
            .decide(&event(&[("authorization", &bearer(credential))]))
            .await;
        assert_eq!(decided.0, Value::Null, "{credential}");
        assert!(!decided.1.is_empty());
    }
    fixture.proxy.pass();
    // A key's last use is of no importance.
    fixture.proxy.always_for("UpdateItem", Fault::HangUpBefore);
    for credential in &credentials {
        let decided = fixture
            .decide(&event(&[("authorization", &bearer(credential))]))
            .await;
        assert_eq!(decided.0["isAuthorized"], true, "{decided:?}");
    }
    for odd in [json!(null), json!({}), json!({"routeKey": 1, "headers": []})] {
        assert_eq!(fixture.decide(&odd).await.0, Value::Null, "{odd}");
    }
    // Whatever a client writes is an event.
    for (name, value) in [("x-odd", "ü\u{0}\n"), ("ü", "x"), ("host", "http://[")] {
        let headers = [("authorization", &*bearer(&fixture.key)), (name, value)];
        assert_eq!(
            fixture.decide(&event(&headers)).await.0["isAuthorized"],
            true,
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_program_decides_and_logs_no_secret() {
    let fixture = Fixture::new("authorization").await;
    let binary = Path::new(env!("CARGO_BIN_EXE_authorizer"));
    // The program has the machine's time.
    let mut environment = Environment::start(&[], binary, fixture.deployment.variables()).await;
    let (decision, _) = environment
        .respond(&event(&[(
            "authorization",
            &bearer(&fixture.key[..fixture.key.len() - 1]),
        )]))
        .await;
    assert_eq!(decision, refused());
    check_lines(&environment.stop().await, &[&fixture.key]);
}
