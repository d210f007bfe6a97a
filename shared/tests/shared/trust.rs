//! Which servers the clients trust, over TLS with certificates of a test's own authority.

use std::path::Path;

use shared::env::Env;
use shared::keys::PublishedStore;
use shared::table::Table;
use testing::deployment::Deployment;
use testing::tls::Tls;

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
        deployment.folder().join("missing"),
    ] {
        let error = read(&wrong).await.unwrap_err();
        assert_eq!(error, "AWS_CA_BUNDLE must name a file of PEM certificates");
    }
    // No bundle: Amazon's roots, none of which vouches for the test's authority.
    let error = read(Path::new("")).await.unwrap_err();
    assert!(error.contains("invalid peer certificate"), "{error}");
}
