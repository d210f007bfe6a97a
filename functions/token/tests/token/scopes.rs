//! Scopes: given to who has them and asks for them, kept by the session, narrowed at a refresh.

use serde_json::{Value, json};
use shared::scope::Scopes;
use shared::users::{UserId, Users};
use testing::clock::TestClock;
use testing::deployment::{Answer, Deployment, call};
use testing::event::Event;
use testing::forge::claims;
use token::Token;

use super::PASSWORD;

const AFTER_THE_WINDOW: i64 = 31;

struct Fixture {
    function: Token,
    users: Users,
    user: UserId,
    time: TestClock,
    _deployment: Deployment,
}

impl Fixture {
    async fn new(scopes: &str) -> Self {
        let time = TestClock::at(1_800_000_000);
        let deployment = Deployment::start().await.at(&time);
        let user = UserId::known(deployment.user("johndoe", PASSWORD).await);
        let fixture = Self {
            function: deployment.function().await,
            users: deployment.users().await,
            user,
            time,
            _deployment: deployment,
        };
        if !scopes.is_empty() {
            let granted = Scopes::parse(scopes).unwrap();
            assert!(fixture.users.grant(&fixture.user, &granted).await.unwrap());
        }
        fixture
    }

    async fn form(&self, form: &str) -> Answer {
        call(&self.function, Event::new("POST", "/token").form(form)).await
    }

    async fn log_in(&self, scope: &str) -> Answer {
        self.form(&format!("username=johndoe&password={PASSWORD}&scope={scope}"))
            .await
    }

    async fn refresh(&self, answer: &Answer, scope: &str) -> Answer {
        let token = answer.body["refresh_token"].as_str().unwrap();
        self.form(&format!(
            "grant_type=refresh_token&refresh_token={token}&scope={scope}"
        ))
        .await
    }
}

/// Returns the scope of the response, which is the token's, too.
fn scope(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    let claims = claims(answer.body["access_token"].as_str().unwrap());
    assert_eq!(claims["scope"], answer.body["scope"], "{answer:?}");
    answer.body["scope"].clone()
}

fn is_invalid_scope(answer: &Answer) {
    assert_eq!(
        (answer.status, &answer.body["error"]),
        (400, &json!("invalid_scope")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn t_13_a_scope_is_given_to_a_user_who_has_it_and_asks_for_it() {
    let fixture = Fixture::new("links:read links:write").await;
    for (asked, granted) in [
        ("", Value::Null),
        ("links:write", json!("links:write")),
        (
            "links:write+links:read+links:write",
            json!("links:read links:write"),
        ),
    ] {
        assert_eq!(scope(&fixture.log_in(asked).await), granted, "{asked}");
    }
    for asked in [
        "admin",
        "links:read+admin",
        "links:read++links:write",
        "LINKS:READ",
        "%22",
    ] {
        is_invalid_scope(&fixture.log_in(asked).await);
    }
    let openid = fixture.log_in("openid+links:read").await;
    is_invalid_scope(&openid);
    assert!(
        openid.body["error_description"]
            .as_str()
            .unwrap()
            .contains("OpenID Provider")
    );
}

#[tokio::test]
async fn t_19_a_refresh_narrows_the_scope_and_never_widens_it() {
    let fixture = Fixture::new("a b c").await;
    let first = fixture.log_in("a+b").await;
    assert_eq!(
        scope(&fixture.refresh(&first, "a").await),
        "a",
        "within the window"
    );
    fixture.time.pass(AFTER_THE_WINDOW);
    let second = fixture.refresh(&first, "b").await;
    assert_eq!(scope(&second), "b");
    assert_ne!(second.body["refresh_token"], first.body["refresh_token"]);
    assert_eq!(scope(&fixture.refresh(&first, "").await), "a b", "replayed");
    fixture.time.pass(AFTER_THE_WINDOW);
    for wider in ["c", "a+c", "openid"] {
        is_invalid_scope(&fixture.refresh(&second, wider).await);
    }
    let third = fixture.refresh(&second, "").await;
    assert_eq!(scope(&third), "a b", "the session keeps what its log-in granted");
}

#[tokio::test]
async fn a_revoked_scope_is_left_out_of_the_next_token_and_cannot_be_asked_for() {
    let fixture = Fixture::new("a b").await;
    let first = fixture.log_in("a+b").await;
    let revoked = Scopes::parse("b").unwrap();
    assert!(fixture.users.revoke(&fixture.user, &revoked).await.unwrap());
    assert_eq!(
        scope(&fixture.refresh(&first, "").await),
        "a",
        "within the window"
    );
    fixture.time.pass(AFTER_THE_WINDOW);
    is_invalid_scope(&fixture.refresh(&first, "b").await);
    assert_eq!(scope(&fixture.refresh(&first, "").await), "a");
    is_invalid_scope(&fixture.log_in("b").await);
    assert!(
        fixture
            .users
            .revoke(&fixture.user, &Scopes::parse("a").unwrap())
            .await
            .unwrap()
    );
    assert_eq!(scope(&fixture.refresh(&first, "").await), Value::Null);
}
