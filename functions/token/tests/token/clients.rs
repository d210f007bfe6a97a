//! Clients: how they prove themselves, what they may ask for, and whose their tokens are.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::clients::{Client, ClientSecret, Clients, GrantType};
use shared::clock::Clock;
use shared::label::Label;
use shared::scope::Scopes;
use shared::table::Table;
use shared::users::UserId;
use testing::clock::TestClock;
use testing::deployment::{Answer, Deployment, call};
use testing::event::Event;
use testing::forge::claims;
use token::Token;

use super::PASSWORD;

const AFTER_THE_WINDOW: i64 = 31;

pub(super) struct Fixture {
    pub(super) function: Token,
    pub(super) clients: Clients,
    pub(super) deployment: Deployment,
    pub(super) time: TestClock,
    pub(super) user: String,
}

/// A client with what it sends.
pub(super) struct Registered {
    pub(super) id: String,
    pub(super) secret: String,
}

impl Registered {
    pub(super) fn form(&self) -> String {
        format!("client_id={}&client_secret={}", self.id, self.secret)
    }

    pub(super) fn basic(&self) -> String {
        format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{}", self.id, self.secret))
        )
    }
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let time = TestClock::at(1_800_000_000);
        let deployment = Deployment::start().await.at(&time);
        let user = deployment.user("johndoe", PASSWORD).await;
        let (id, granted) = (UserId::known(user.clone()), Scopes::parse("a b").unwrap());
        assert!(deployment.users().await.grant(&id, &granted).await.unwrap());
        let table = Table::connect(&deployment.env()).await.unwrap();
        Self {
            function: deployment.function().await,
            clients: Clients::new(table),
            deployment,
            time,
            user,
        }
    }

    /// Starts the function again with a variable.
    pub(super) async fn restarted(mut self, name: &str, value: &str) -> Self {
        self.deployment = self.deployment.with(name, value);
        self.function = self.deployment.function().await;
        self
    }

    pub(super) async fn client(&self, is_public: bool, grants: &[GrantType]) -> Registered {
        registered(&self.deployment, is_public, grants).await
    }

    pub(super) async fn post(&self, path: &str, form: &str, authorization: Option<&str>) -> Answer {
        let event = Event::new("POST", path).form(form);
        let event = match authorization {
            Some(value) => event.header("authorization", value),
            None => event,
        };
        call(&self.function, event).await
    }

    pub(super) async fn token(&self, form: &str) -> Answer {
        self.post("/token", form, None).await
    }

    pub(super) async fn introspect(&self, client: &Registered, token: &str) -> Value {
        let answer = self
            .post("/introspect", &format!("token={token}"), Some(&client.basic()))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }
}

/// Registers a client that may ask for the scopes `b` and `c`.
pub(super) async fn registered(deployment: &Deployment, is_public: bool, grants: &[GrantType]) -> Registered {
    let grants: BTreeSet<GrantType> = grants.iter().copied().collect();
    let scopes = Scopes::parse("b c").unwrap();
    let label = Label::parse("A service".to_owned()).unwrap();
    let now = Clock::system().now();
    let (client, secret) = Client::new(label, is_public, grants, scopes, now).unwrap();
    let table = Table::connect(&deployment.env()).await.unwrap();
    Clients::new(table).create(&client).await.unwrap();
    let secret = secret.as_ref().map(ClientSecret::as_str);
    Registered {
        id: client.id,
        secret: secret.unwrap_or_default().to_owned(),
    }
}

pub(super) fn is(answer: &Answer, status: u16, error: &str) {
    assert_eq!(
        (answer.status, &answer.body["error"]),
        (status, &json!(error)),
        "{answer:?}"
    );
}

pub(super) fn text<'a>(answer: &'a Answer, member: &str) -> &'a str {
    answer.body[member].as_str().unwrap()
}

pub(super) const LOG_IN: &str = "username=johndoe&password=correct+horse+battery";

#[tokio::test]
async fn t_09_a_client_with_a_wrong_secret_is_invalid_client_and_others_are_ignored() {
    let fixture = Fixture::new().await;
    let all = [GrantType::Password, GrantType::ClientCredentials];
    let client = fixture.client(false, &all).await;
    for form in [LOG_IN, "grant_type=client_credentials"] {
        let wrong = format!("{form}&client_id={}&client_secret=wrong", client.id);
        is(&fixture.token(&wrong).await, 400, "invalid_client");
        is(
            &fixture.token(&format!("{form}&client_id={}", client.id)).await,
            400,
            "invalid_client",
        );
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:wrong", client.id)));
        let answer = fixture.post("/token", form, Some(&basic)).await;
        is(&answer, 401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"latchkey\"");
        assert_eq!(
            fixture.token(&format!("{form}&{}", client.form())).await.status,
            200,
            "{form}"
        );
        assert_eq!(
            fixture.post("/token", form, Some(&client.basic())).await.status,
            200,
            "{form}"
        );
    }
    for ignored in [
        "client_id=made-up&client_secret=x",
        "client_id=swagger",
        "client_secret=x",
    ] {
        let answer = fixture.token(&format!("{LOG_IN}&{ignored}")).await;
        assert_eq!(
            claims(text(&answer, "access_token"))["client_id"],
            "latchkey",
            "{ignored}"
        );
    }
    let basic = client.basic();
    let unpadded = format!(
        "Basic {}",
        STANDARD.encode(format!("{0}:x", client.id)).trim_end_matches('=')
    );
    // By a header that names no client, an unknown one, or two: an attempt by the header (RFC 6749 section 5.2), which a log-in ignores.
    for odd in [
        "Basic Og==",
        "Basic Y2xpOg==",
        "Basic %%%",
        "Basic",
        "Basic OngK",
        "Basic /////w==",
        &unpadded,
        &format!("{basic}, {basic}"),
        "Bearer x",
    ] {
        let answer = fixture.post("/token", LOG_IN, Some(odd)).await;
        assert_eq!(answer.status, 200, "{odd}: {answer:?}");
        let answer = fixture
            .post("/token", "grant_type=client_credentials", Some(odd))
            .await;
        is(&answer, 401, "invalid_client");
        assert_eq!(
            answer.header("www-authenticate"),
            "Basic realm=\"latchkey\"",
            "{odd}"
        );
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret=wrong",
            client.id
        );
        is(
            &fixture.post("/token", &form, Some(odd)).await,
            401,
            "invalid_client",
        );
    }
}

#[tokio::test]
async fn t_11_basic_credentials_are_form_decoded_and_come_in_one_place() {
    let fixture = Fixture::new().await;
    let client = fixture.client(false, &[GrantType::ClientCredentials]).await;
    let encoded: String = client.id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let basic = format!(
        "Basic {}",
        STANDARD.encode(format!("{encoded}:{}", client.secret))
    );
    let form = "grant_type=client_credentials";
    assert_eq!(fixture.post("/token", form, Some(&basic)).await.status, 200);
    for both in [
        client.form(),
        format!("client_secret={}", client.secret),
        "client_id=another".to_owned(),
    ] {
        let answer = fixture
            .post("/token", &format!("{form}&{both}"), Some(&basic))
            .await;
        is(&answer, 400, "invalid_request");
    }
    let same = format!("{form}&client_id={}", client.id);
    assert_eq!(fixture.post("/token", &same, Some(&basic)).await.status, 200);
}

#[tokio::test]
async fn a_client_gets_a_token_of_its_own_with_its_scopes_and_no_refresh_token() {
    let fixture = Fixture::new().await;
    let client = fixture.client(false, &[GrantType::ClientCredentials]).await;
    for (asked, granted) in [("", "b c"), ("&scope=c", "c")] {
        let answer = fixture
            .token(&format!("grant_type=client_credentials&{}{asked}", client.form()))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let claims = claims(text(&answer, "access_token"));
        assert_eq!(
            (&claims["sub"], &claims["client_id"], &claims["scope"]),
            (&json!(client.id), &json!(client.id), &json!(granted))
        );
        assert!(
            claims.get("auth_time").is_none() && claims.get("sid").is_none(),
            "{claims}"
        );
        assert!(answer.body.get("refresh_token").is_none(), "{answer:?}");
    }
    let form = format!("grant_type=client_credentials&{}", client.form());
    is(
        &fixture.token(&format!("{form}&scope=a")).await,
        400,
        "invalid_scope",
    );
    is(
        &fixture.token(&format!("{LOG_IN}&{}", client.form())).await,
        400,
        "unauthorized_client",
    );
    is(
        &fixture.token("grant_type=client_credentials").await,
        400,
        "invalid_client",
    );
    let public = fixture.client(true, &[GrantType::Password]).await;
    let form = format!("grant_type=client_credentials&client_id={}", public.id);
    is(&fixture.token(&form).await, 400, "invalid_client");
}

#[tokio::test]
async fn t_19_a_refresh_token_is_its_clients_alone() {
    let fixture = Fixture::new().await;
    let all = [GrantType::Password, GrantType::RefreshToken];
    let (own, foreign) = (
        fixture.client(true, &all).await,
        fixture.client(false, &all).await,
    );
    let first = fixture
        .token(&format!("{LOG_IN}&scope=b&client_id={}", own.id))
        .await;
    assert_eq!(claims(text(&first, "access_token"))["client_id"], own.id.as_str());
    is(
        &fixture
            .token(&format!("{LOG_IN}&scope=a&client_id={}", own.id))
            .await,
        400,
        "invalid_scope",
    );
    let unbound = fixture.token(LOG_IN).await;
    fixture.time.pass(AFTER_THE_WINDOW);
    let refresh = |answer: &Answer| {
        format!(
            "grant_type=refresh_token&refresh_token={}",
            text(answer, "refresh_token")
        )
    };
    for foreign in [foreign.form(), "client_id=made-up".to_owned(), String::new()] {
        for scope in ["", "&scope=b"] {
            let form = format!("{}&{foreign}{scope}", refresh(&first));
            is(&fixture.token(&form).await, 400, "invalid_grant");
        }
    }
    let second = fixture
        .token(&format!("{}&client_id={}", refresh(&first), own.id))
        .await;
    assert_eq!(
        claims(text(&second, "access_token"))["client_id"],
        own.id.as_str(),
        "nothing was ended"
    );
    is(
        &fixture
            .token(&format!("{}&{}", refresh(&unbound), foreign.form()))
            .await,
        400,
        "invalid_grant",
    );
    assert_eq!(fixture.token(&refresh(&unbound)).await.status, 200);
    assert!(fixture.clients.delete(&own.id).await.unwrap());
    let form = format!("{}&client_id={}", refresh(&second), own.id);
    is(&fixture.token(&form).await, 400, "invalid_grant");
}

#[tokio::test]
async fn r_02_a_confidential_client_proves_itself_at_a_revocation() {
    let fixture = Fixture::new().await;
    let client = fixture.client(false, &[GrantType::ClientCredentials]).await;
    let answer = fixture.token(LOG_IN).await;
    let form = format!("token={}&client_id={}", text(&answer, "refresh_token"), client.id);
    is(&fixture.post("/revoke", &form, None).await, 400, "invalid_client");
    let access = text(&answer, "access_token");
    assert_eq!(
        fixture.introspect(&client, access).await["active"],
        true,
        "nothing was ended"
    );
    let form = format!("{form}&client_secret={}", client.secret);
    assert_eq!(fixture.post("/revoke", &form, None).await.status, 200);
    assert_eq!(fixture.introspect(&client, access).await["active"], false);
}

#[tokio::test]
async fn r_02_a_token_of_a_confidential_client_is_revoked_by_this_client_alone() {
    let fixture = Fixture::new().await;
    let all = [GrantType::Password, GrantType::RefreshToken];
    let (own, foreign, public) = (
        fixture.client(false, &all).await,
        fixture.client(false, &all).await,
        fixture.client(true, &all).await,
    );
    let answer = fixture.token(&format!("{LOG_IN}&{}", own.form())).await;
    let access = text(&answer, "access_token");
    for token in [access, text(&answer, "refresh_token")] {
        let form = format!("token={token}");
        is(&fixture.post("/revoke", &form, None).await, 400, "invalid_client");
        let unknown = fixture.post("/revoke", &form, Some("Basic YTpi")).await;
        is(&unknown, 401, "invalid_client");
        assert_eq!(unknown.header("www-authenticate"), "Basic realm=\"latchkey\"");
        for other in [&foreign, &public] {
            let form = format!("{form}&{}", other.form());
            is(&fixture.post("/revoke", &form, None).await, 400, "invalid_grant");
        }
        assert_eq!(fixture.introspect(&own, access).await["active"], true);
    }
    let form = format!("token={access}");
    assert_eq!(
        fixture.post("/revoke", &form, Some(&own.basic())).await.status,
        200
    );
    assert_eq!(fixture.introspect(&own, access).await["active"], false);
    // The token of a public client proves enough.
    let answer = fixture.token(&format!("{LOG_IN}&client_id={}", public.id)).await;
    let access = text(&answer, "access_token");
    assert_eq!(
        fixture
            .post("/revoke", &format!("token={access}"), None)
            .await
            .status,
        200
    );
    assert_eq!(fixture.introspect(&own, access).await["active"], false);
}
