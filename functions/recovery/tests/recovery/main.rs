//! What asking for mails and spending their tokens does to the store: requests, races, the times of tokens by a clock that the test sets.
//! The tests of the package `local` show the HTTP contract, with mails that are really sent.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod asked;
mod claims;
mod forms;
mod log;
mod notices;
mod proved;
mod reset;

use recovery::Recovery;
use serde_json::{Value, json};
use shared::mail::{MailKey, MailToken, MailTokens, Purpose};
use shared::table::Table;
use shared::users::{Account, User, Wanted};
use testing::clock::TestClock;
use testing::deployment::{Answer, Deployment, MAIL_FROM, call};
use testing::event::{Event, log_in, register};
use testing::fault_proxy::FaultProxy;
use token::Token;

const PASSWORD: &str = "correct horse battery";
const NEW_PASSWORD: &str = "battery horse correct";
const ADDRESS: &str = "johndoe@example.com";
const START: i64 = 1_800_000_000;

/// A deployment with mail behind a proxy, at a time that the test sets.
pub(crate) struct Fixture {
    deployment: Deployment,
    proxy: FaultProxy,
    time: TestClock,
    recovery: Recovery,
}

impl Fixture {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(variables: &[(&str, &str)]) -> Self {
        let time = TestClock::at(START);
        let mut deployment = Deployment::start().await.at(&time).with("MAIL_FROM", MAIL_FROM);
        for (name, value) in variables {
            deployment = deployment.with(name, value);
        }
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let deployment = deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
        let recovery = deployment.function().await;
        proxy.reset_counts();
        Self {
            deployment,
            proxy,
            time,
            recovery,
        }
    }

    /// Registers a user and returns the id.
    async fn registered(&self, body: Value) -> String {
        let register_function: register::Register = self.deployment.function().await;
        let answer = call(&register_function, register(&body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["id"].as_str().unwrap().to_owned()
    }

    /// Registers johndoe with the address.
    async fn johndoe(&self) -> String {
        let body = json!({"username": "johndoe", "email": ADDRESS, "password": PASSWORD});
        self.registered(body).await
    }

    async fn account(&self, id: &str) -> Account {
        let users = self.deployment.users().await;
        users.find(id, Wanted::All).await.unwrap().unwrap()
    }

    async fn user(&self, id: &str) -> User {
        self.account(id).await.user
    }

    /// Stores what a token is bound to as the mailer does, and returns the token.
    async fn token(&self, purpose: Purpose, id: &str, address: &str) -> String {
        let account = self.account(id).await;
        let token = MailToken {
            purpose,
            user: id.to_owned(),
            address: address.to_owned(),
            generation: (purpose != Purpose::Undo).then_some(account.credential_generation),
            recoveries: None,
            expires_at: self.time.now().plus(purpose.seconds()),
        };
        self.store(&token, &[7; 16]).await
    }

    async fn store(&self, token: &MailToken, nonce: &[u8]) -> String {
        let key = MailKey::new(&[1; 32]).unwrap();
        let text = key.derive(nonce, token);
        let table = Table::connect(&self.deployment.env()).await.unwrap();
        MailTokens::new(table).put(token, &text).await.unwrap();
        self.proxy.reset_counts();
        text.to_string()
    }

    /// Logs in, and returns the response.
    async fn log_in(&self, name: &str, password: &str) -> Answer {
        let function: Token = self.deployment.function().await;
        call(&function, log_in(name, password)).await
    }

    async fn access_token(&self, name: &str) -> String {
        let answer = self.log_in(name, PASSWORD).await;
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        call(&self.recovery, post(path, &body)).await
    }
}

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

/// Returns the code of the field in a problem document.
fn code_of<'a>(answer: &'a Answer, field: &str) -> Option<&'a str> {
    let errors = answer.body["errors"].as_array()?;
    let error = errors.iter().find(|error| error["field"] == field)?;
    error["code"].as_str()
}

fn assert_bad_token(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 400, "{what}: {answer:?}");
    assert_eq!(code_of(answer, "token"), Some("invalid"), "{what}: {answer:?}");
}

#[tokio::test]
async fn without_a_sender_there_are_no_routes_and_no_address_must_be_proved() {
    let deployment = Deployment::start().await;
    let function: Recovery = deployment.function().await;
    for path in [
        "/request-verify-token",
        "/forgot-password",
        "/verify",
        "/reset-password",
        "/verify-email",
    ] {
        let answer = call(&function, post(path, &json!({"email": ADDRESS}))).await;
        assert_eq!(
            (answer.status, &answer.body),
            (404, &json!({"message": "Not Found"})),
            "{path}"
        );
    }
    let error = deployment
        .with("REQUIRE_VERIFIED_EMAIL", "true")
        .start_error::<register::Register>()
        .await;
    assert_eq!(error, "REQUIRE_VERIFIED_EMAIL needs MAIL_FROM");
}
