//! The store of clients, behind a proxy.

use std::collections::BTreeSet;

use shared::clients::{Client, Clients, GrantType};
use shared::clock::Timestamp;
use shared::label::Label;
use shared::scope::Scopes;
use shared::table::Table;
use testing::deployment::Deployment;
use testing::fault_proxy::{Fault, FaultProxy};

fn client() -> Client {
    let now = Timestamp::parse("2026-11-23T20:47:00Z").unwrap();
    let grants = BTreeSet::from([GrantType::ClientCredentials]);
    let label = Label::parse("A service".to_owned()).unwrap();
    let scopes = Scopes::parse("a b").unwrap();
    Client::new(label, false, grants, scopes, now).unwrap().0
}

async fn behind_proxy() -> (Deployment, FaultProxy, Clients) {
    let deployment = Deployment::without_keys().await;
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    let deployment = deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
    let clients = Clients::new(Table::connect(&deployment.env()).await.unwrap());
    (deployment, proxy, clients)
}

#[tokio::test]
async fn a_lost_response_does_not_fail_what_was_created_or_deleted() {
    let (_deployment, proxy, clients) = behind_proxy().await;
    let client = client();
    proxy.script_for("UpdateItem", [Fault::HangUpAfterWrite]);
    clients.create(&client).await.unwrap();
    assert_eq!(proxy.count("UpdateItem"), 2);
    assert_eq!(clients.find(&client.id).await.unwrap(), Some(client.clone()));
    let mut other = client.clone();
    other.scopes = Scopes::default();
    assert!(clients.create(&other).await.is_err(), "another client has the id");
    proxy.script_for("DeleteItem", [Fault::HangUpAfterWrite]);
    assert!(clients.delete(&client.id).await.unwrap());
    assert_eq!(proxy.count("DeleteItem"), 2);
    assert!(!clients.delete(&client.id).await.unwrap());
    assert_eq!(clients.find(&client.id).await.unwrap(), None);
}

#[tokio::test]
async fn an_id_that_is_no_ulid_is_no_clients_and_costs_no_request() {
    let (_deployment, proxy, clients) = behind_proxy().await;
    let id = client().id;
    for id in [
        "",
        "swagger",
        &id[1..],
        &id.to_lowercase(),
        &format!("{id}0"),
        &"8".repeat(26),
    ] {
        assert_eq!(clients.find(id).await.unwrap(), None, "{id}");
        assert!(!clients.delete(id).await.unwrap(), "{id}");
    }
    assert!(proxy.operations().is_empty(), "{:?}", proxy.operations());
    assert_eq!(clients.find(&id).await.unwrap(), None);
    assert_eq!(proxy.operations(), ["GetItem"]);
}

#[test]
fn a_client_printed_for_debugging_has_no_digest_of_its_secret() {
    let printed = format!("{:?}", client());
    assert!(
        printed.contains("A service") && printed.contains("secret: Some(SecretDigest(…))"),
        "{printed}"
    );
}
