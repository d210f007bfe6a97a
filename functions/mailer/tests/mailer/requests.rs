//! The requests to the table that a mail takes, which `dev/capacity` reckons with.

use mailer::{Mailer, Outcome};
use shared::env::{AWS_ENDPOINT_URL_DYNAMODB, Env};
use shared::mail::Occasion;
use testing::fault_proxy::FaultProxy;

use crate::fixture::{Fixture, event};

#[tokio::test]
async fn a_mail_with_a_link_takes_four_reads_and_two_writes() {
    let fixture = Fixture::new().await;
    fixture
        .user("johndoe", Some(("a@example.com", false)), None)
        .await;
    let id = fixture.put("a@example.com", Occasion::ResetAsked).await;
    let proxy = FaultProxy::start(fixture.deployment.endpoint()).await.unwrap();
    let mut variables = fixture.deployment.variables().clone();
    variables.insert(
        AWS_ENDPOINT_URL_DYNAMODB.name.to_owned(),
        proxy.endpoint().to_owned(),
    );
    let env = Env::new(|name| variables.get(name).cloned());
    let clock = fixture.time.clock();
    let starting = Mailer::with_transport(&env, &clock, fixture.sent.clone());
    let mailer = starting.await.unwrap();
    assert_eq!(mailer.handle(&event(&[&id])).await, Outcome::default());
    assert_eq!(fixture.sent.take()[0].links.len(), 1);
    // The mail, the address's marker, its claims and the user; the token, and the mail again.
    let requests = ["GetItem", "GetItem", "Query", "GetItem", "PutItem", "DeleteItem"];
    assert_eq!(proxy.operations(), requests);
}
