//! Which servers the clients trust, over TLS with certificates of a test's own authority, and how long they wait for one.

use std::path::Path;
use std::pin::pin;

use shared::env::Env;
use shared::error::Error;
use shared::keys::PublishedStore;
use shared::table::Table;
use testing::deployment::Deployment;
use testing::tls::Tls;
use tokio::net::TcpListener;

#[tokio::test]
async fn a_bundle_replaces_the_built_in_roots() {
    let (own, other) = (Tls::own(), Tls::own());
    let deployment = Deployment::start().await;
    let url = own.in_front_of(deployment.endpoint()).await;
    // Reads an item with the roots of a bundle.
    let read = async |bundle: &Path| {
        let env = Env::new(|name| match name {
            "AWS_ENDPOINT_URL_DYNAMODB" => Some(url.clone()),
            "AWS_CA_BUNDLE" => Some(bundle.to_str().unwrap().to_owned()),
            name => deployment.variables().get(name).cloned(),
        });
        let table = Table::connect(&env).await.map_err(|error| error.to_string())?;
        let read = PublishedStore::new(table).read().await;
        read.map(|_| ()).map_err(|error| error.to_string())
    };
    let bundle = |name: &str, text: &str| {
        let path = deployment.folder().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let unusable = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let trusting = bundle(
        "trusting",
        &format!("# a comment\n{}{unusable}{}", other.authority(), own.authority()),
    );
    assert_eq!(read(&trusting).await, Ok(()));
    let error = read(&bundle("other", other.authority())).await.unwrap_err();
    assert!(error.contains("invalid peer certificate"), "{error}");
    for wrong in [
        bundle("empty", ""),
        bundle("unusable", unusable),
        bundle("cut off", &own.authority()[..own.authority().len() - 9]),
        deployment.folder().join("missing"),
    ] {
        let error = read(&wrong).await.unwrap_err();
        assert_eq!(error, "AWS_CA_BUNDLE must name a file of PEM certificates");
    }
    // No bundle: Mozilla's roots, none of which vouches for the test's authority.
    let error = read(Path::new("")).await.unwrap_err();
    assert!(error.contains("invalid peer certificate"), "{error}");
}

#[tokio::test]
async fn a_silent_server_is_given_up_in_the_handshake_and_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let deployment = Deployment::start().await.with("AWS_ENDPOINT_URL_DYNAMODB", &url);
    let store = PublishedStore::new(Table::connect(&deployment.env()).await.unwrap());
    let mut connections = Vec::new();
    let mut read = pin!(store.read());
    let error = loop {
        tokio::select! {
            read = &mut read => break read.map(|_| ()).unwrap_err(),
            connection = listener.accept() => connections.push(connection.unwrap()),
        }
    };
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    // 4 attempts of 0.5 s fit into an operation's 2.5 s; three would, if each lasted an attempt's 1 s.
    assert_eq!(connections.len(), 4);
}
