//! What changing and deleting an account does to the store: requests, races, lost responses. The tests of the package `local` show the
//! HTTP contract.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use me::Me;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::passwords::{HashCost, Hasher, Password, StoredHash};
use shared::users::{NameKey, Profile, Renaming, SessionsAtChange, Standing, User, Username, Wanted};
use testing::clock::TestClock;
use testing::deployment::{Answer, Deployment, ISSUER, call};
use testing::event::Event;
use testing::fault_proxy::{Fault, FaultProxy};
use testing::forge::Forger;
use testing::rings::shared_ring;
use testing::table::session;

const PASSWORD: &str = "correct horse battery";
const NEW_PASSWORD: &str = "battery horse correct";
/// The caller's session.
const SESSION: &str = "01M8HZZZZZZZZZZZZZZZZZZZZZ";

/// A user of two sessions behind a proxy, at a time that the test sets.
struct Fixture {
    deployment: Deployment,
    proxy: FaultProxy,
    id: String,
    time: TestClock,
    me: Me,
}

impl Fixture {
    async fn new() -> Self {
        Self::of(Deployment::start().await).await
    }

    async fn of(deployment: Deployment) -> Self {
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let time = TestClock::at(Clock::system().now().unix());
        let deployment = deployment
            .with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint())
            .at(&time);
        let id = deployment.user("johndoe", PASSWORD).await;
        let sessions = json!({"M": {SESSION: session('a', time.now(), 1_000), "other": session('b', time.now(), 1_000)}});
        deployment.table().set(&id, "sessions", sessions).await;
        let me = deployment.function::<Me>().await;
        proxy.reset_counts();
        Self {
            deployment,
            proxy,
            id,
            time,
            me,
        }
    }

    /// Returns a token of the caller's session, whose log-in was this long ago.
    fn token(&self, seconds: i64) -> String {
        let now = self.time.now().unix();
        Forger::new(shared_ring(), ISSUER, &self.id, now).token(|_, claims| {
            claims["sid"] = json!(SESSION);
            claims["auth_time"] = json!(now - seconds);
        })
    }

    async fn send(&self, event: Event) -> Answer {
        call(&self.me, event.bearer(&self.token(0))).await
    }

    async fn change(&self, patch: Value) -> Answer {
        self.send(Event::new("PATCH", "/users/me").json(&patch)).await
    }

    async fn change_password(&self, body: Value) -> Answer {
        self.send(Event::new("PUT", "/users/me/password").json(&body))
            .await
    }

    async fn item(&self) -> Value {
        self.deployment
            .table()
            .item(&format!("user#{}", self.id), "user")
            .await
    }

    async fn sessions(&self) -> Vec<String> {
        let item = self.item().await;
        item["sessions"]["M"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    }
}

fn passwords() -> Value {
    json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD})
}

async fn hash(deployment: &Deployment, password: &str) -> StoredHash {
    let hasher = Hasher::new(HashCost::read(&deployment.env()).unwrap());
    let password = Password::attempt(password.to_owned()).unwrap();
    hasher.hash(Arc::new(password)).await.unwrap()
}

#[tokio::test]
async fn a_change_is_one_write_beside_the_read_and_no_change_is_none() {
    let fixture = Fixture::new().await;
    for (patch, write) in [
        (json!({}), None),
        (json!({"username": "johndoe", "website": null}), None),
        (json!({"full_name": "John"}), Some("UpdateItem")),
        (json!({"username": "JohnDoe"}), Some("UpdateItem")),
        (json!({"username": "jane"}), Some("TransactWriteItems")),
        (
            json!({"email": "j@example.com", "full_name": null}),
            Some("TransactWriteItems"),
        ),
    ] {
        fixture.proxy.reset_counts();
        assert_eq!(fixture.change(patch.clone()).await.status, 200, "{patch}");
        let operations: Vec<&str> = ["GetItem"].into_iter().chain(write).collect();
        assert_eq!(fixture.proxy.operations(), operations, "{patch}");
    }
    let deletion = Event::new("DELETE", "/users/me");
    fixture.proxy.reset_counts();
    assert_eq!(fixture.send(deletion).await.status, 204);
    assert_eq!(fixture.proxy.operations(), ["GetItem", "TransactWriteItems"]);
}

#[tokio::test]
async fn authentication_is_recent_for_300_seconds_and_60_ahead() {
    let fixture = Fixture::new().await;
    for (seconds, status) in [(301, 401), (-61, 401), (300, 200), (-60, 200)] {
        let patch = json!({"username": format!("name{seconds}")});
        let event = Event::new("PATCH", "/users/me").json(&patch);
        let response = call(&fixture.me, event.bearer(&fixture.token(seconds))).await;
        assert_eq!(response.status, status, "{seconds}: {response:?}");
    }
}

#[tokio::test]
async fn a_lost_response_changes_neither_the_result_nor_the_response() {
    let put = Event::new("PUT", "/users/me/password").json(&passwords());
    let patch = |body| Event::new("PATCH", "/users/me").json(&body);
    for (event, operation, status, before) in [
        // The attempt is counted before.
        (put, "UpdateItem", 204, 1),
        (patch(json!({"full_name": "John"})), "UpdateItem", 200, 0),
        (patch(json!({"username": "jane"})), "TransactWriteItems", 200, 0),
        (Event::new("DELETE", "/users/me"), "TransactWriteItems", 204, 0),
    ] {
        let fixture = Fixture::new().await;
        let passed = std::iter::repeat_n(Fault::Pass, before);
        fixture
            .proxy
            .script_for(operation, passed.chain([Fault::HangUpAfterWrite]));
        let response = fixture.send(event).await;
        assert_eq!(response.status, status, "{operation}: {response:?}");
        assert_eq!(fixture.proxy.count(operation), before + 2, "{operation}");
    }
}

#[tokio::test]
async fn an_unavailable_store_is_a_503_and_changes_nothing() {
    let fixture = Fixture::new().await;
    let before = fixture.item().await;
    for operation in ["UpdateItem", "TransactWriteItems"] {
        fixture.proxy.always_for(operation, Fault::Status500);
    }
    for event in [
        Event::new("PATCH", "/users/me").json(&json!({"full_name": "John"})),
        Event::new("PATCH", "/users/me").json(&json!({"username": "jane"})),
        Event::new("PUT", "/users/me/password").json(&passwords()),
        Event::new("DELETE", "/users/me"),
    ] {
        assert_eq!(fixture.send(event).await.status, 503);
    }
    assert_eq!(fixture.item().await, before);
}

#[tokio::test]
async fn a_new_password_is_written_with_the_sessions_that_it_ends_in_one_request() {
    let fixture = Fixture::new().await;
    let keep =
        json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD, "end_other_sessions": false});
    assert_eq!(fixture.change_password(keep).await.status, 204);
    assert_eq!(fixture.sessions().await, [SESSION, "other"]);
    let before = fixture.item().await;
    assert_eq!(before["credential_generation"]["N"], "1");
    fixture.proxy.reset_counts();
    let back = json!({"current_password": NEW_PASSWORD, "new_password": PASSWORD});
    assert_eq!(fixture.change_password(back.clone()).await.status, 204);
    // The caller; the counted attempt; the change.
    assert_eq!(
        fixture.proxy.operations(),
        ["GetItem", "UpdateItem", "UpdateItem"]
    );
    let after = fixture.item().await;
    assert_eq!(fixture.sessions().await, [SESSION]);
    assert_eq!(after["sessions"]["M"][SESSION], before["sessions"]["M"][SESSION]);
    assert_eq!(after["credential_generation"]["N"], "2");
    assert_eq!(after["updated_at"], before["updated_at"]);
    assert_ne!(after["password_hash"], before["password_hash"]);
    fixture.proxy.reset_counts();
    assert_eq!(fixture.change_password(back).await.status, 422);
    // The failure is the network's, too.
    assert_eq!(
        fixture.proxy.operations(),
        ["GetItem", "UpdateItem", "UpdateItem"]
    );
    assert_eq!(fixture.item().await["password_hash"], after["password_hash"]);
}

#[tokio::test]
async fn a_token_without_a_session_keeps_none_and_is_refused_after_its_password_change() {
    let fixture = Fixture::new().await;
    let token = Forger::new(shared_ring(), ISSUER, &fixture.id, fixture.time.now().unix()).token(|_, _| {});
    let put = Event::new("PUT", "/users/me/password").json(&passwords());
    assert_eq!(call(&fixture.me, put.clone().bearer(&token)).await.status, 204);
    assert_eq!(fixture.sessions().await, [""; 0]);
    assert_eq!(call(&fixture.me, put.bearer(&token)).await.status, 401);
}

#[tokio::test]
async fn a_password_is_not_changed_on_what_was_read_before_another_write() {
    let fixture = Fixture::new().await;
    let (users, table) = (fixture.deployment.users().await, fixture.deployment.table());
    let new = hash(&fixture.deployment, NEW_PASSWORD).await;
    let (read, attempt) = fixture.deployment.counted(&fixture.id).await;
    let own = read.state.sessions.as_ref().unwrap().get(SESSION).unwrap();
    let now = fixture.time.clock().millis();
    let is_written = async |own, ends_others| {
        let changed = users.change_password(
            &read,
            &attempt,
            &new,
            SessionsAtChange { own, ends_others },
            &[],
            now,
        );
        changed.await.unwrap()
    };
    let rotated = json!({"M": {SESSION: session('b', fixture.time.now(), 1_000)}});
    table.set(&fixture.id, "sessions", rotated).await;
    assert!(
        !is_written(Some((SESSION, own)), true).await,
        "a refresh came first"
    );
    table
        .set(&fixture.id, "credential_generation", json!({"N": "1"}))
        .await;
    assert!(!is_written(None, false).await, "another password came first");
    table
        .set(&fixture.id, "credential_generation", json!({"N": "0"}))
        .await;
    assert!(is_written(None, false).await);
    table.delete(&format!("user#{}", fixture.id), "user").await;
    assert!(!is_written(None, true).await, "the user is gone");
    assert!(fixture.item().await.is_null(), "and is not made again");
}

#[tokio::test]
async fn a_profile_is_not_changed_or_deleted_on_what_was_read_before_another_write() {
    let fixture = Fixture::new().await;
    let (users, table) = (fixture.deployment.users().await, fixture.deployment.table());
    let now = fixture.time.now();
    let read = users.find(&fixture.id, Wanted::None).await.unwrap().unwrap().user;
    let renamed = |name: &str| User {
        profile: Profile {
            username: Some(Username::parse(name).unwrap()),
            ..read.profile.clone()
        },
        ..read.clone()
    };
    let session = Standing::Session(SESSION);
    let before = fixture.item().await;
    let log_in = Standing::Generation(0);
    table
        .set(&fixture.id, "credential_generation", json!({"N": "1"}))
        .await;
    let written = users
        .change_profile(&read, log_in, renamed("jane"), &[], now)
        .await;
    assert_eq!(written.unwrap(), None, "another password was set");
    assert!(!users.delete(&read, log_in).await.unwrap());
    table.put(before.clone()).await;
    for (attribute, value) in [
        ("sessions", json!({"M": {}})),
        ("disabled", json!({"BOOL": true})),
    ] {
        table.set(&fixture.id, attribute, value).await;
        let written = users
            .change_profile(&read, session, renamed("jane"), &[], now)
            .await;
        assert_eq!(written.unwrap(), None, "{attribute}");
        assert!(!users.delete(&read, session).await.unwrap(), "{attribute}");
        table.put(before.clone()).await;
    }
    for (attribute, value) in [
        ("website", "https://example.com"),
        ("email", "j@example.com"),
        ("username", "x"),
    ] {
        table.set(&fixture.id, attribute, json!({"S": value})).await;
        let item = fixture.item().await;
        for after in [renamed("jane"), renamed("JohnDoe")] {
            let written = users
                .change_profile(&read, session, after, &[], now)
                .await
                .unwrap();
            assert_eq!(written, None, "{attribute}");
        }
        let deleted = users.delete(&read, session).await.unwrap();
        assert_eq!(
            deleted,
            attribute == "website",
            "{attribute}: names alone decide a deletion"
        );
        if deleted {
            table.put(item).await;
            continue;
        }
        assert_eq!(fixture.item().await, item, "{attribute}");
    }
    table.delete(&format!("user#{}", fixture.id), "user").await;
    assert_eq!(
        users
            .change_profile(&read, session, renamed("jane"), &[], now)
            .await
            .unwrap(),
        None
    );
    assert!(!users.delete(&read, session).await.unwrap());
    assert_eq!(fixture.deployment.table().partition_keys().await, [""; 0]);
}

#[tokio::test]
async fn a_marker_of_another_user_is_never_deleted() {
    let fixture = Fixture::new().await;
    let marker = json!({"pk": {"S": "username#johndoe"}, "sk": {"S": "name"}, "user_id": {"S": "another"}});
    fixture.deployment.table().put(marker.clone()).await;
    assert_eq!(fixture.change(json!({"username": "jane"})).await.status, 500);
    assert_eq!(fixture.send(Event::new("DELETE", "/users/me")).await.status, 500);
    assert_eq!(
        fixture.deployment.table().item("username#johndoe", "name").await,
        marker
    );
    fixture
        .deployment
        .table()
        .delete("username#johndoe", "name")
        .await;
    assert_eq!(fixture.change(json!({"username": "jane"})).await.status, 200);
}

#[tokio::test]
async fn a_reserved_username_is_invalid_unless_one_has_it() {
    let fixture = Fixture::of(
        Deployment::start()
            .await
            .with("RESERVED_USERNAMES", "johndoe, admin"),
    )
    .await;
    for (username, status) in [("ADMIN", 422), ("JohnDoe", 200), ("jane", 200), ("johndoe", 422)] {
        let response = fixture.change(json!({"username": username})).await;
        assert_eq!(response.status, status, "{username}: {response:?}");
        if status == 422 {
            assert_eq!(response.body["errors"][0]["message"], "This username is reserved");
        }
    }
}

#[test]
fn another_spelling_of_a_name_is_the_same_marker() {
    let profile = |username: &str, email: Option<&str>| Profile {
        username: Some(Username::parse(username).unwrap()),
        email: email.map(|email| shared::users::Email::parse(email).unwrap()),
        ..Profile::default()
    };
    let between = |before: &Profile, after: &Profile| Renaming::between(before, after);
    let (before, after) = (profile("Straße", Some("A@b.example")), profile("STRASSE", None));
    let email = NameKey::of("a@B.example").unwrap();
    assert!(between(&before, &profile("strasse", Some("a@B.Example"))).is_empty());
    assert_eq!(
        (between(&before, &after).added, between(&before, &after).removed),
        (vec![], vec![email.clone()])
    );
    assert_eq!(between(&after, &before).added, [email]);
}
