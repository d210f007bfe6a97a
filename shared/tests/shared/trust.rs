//! Which servers the clients trust, over TLS with certificates of a test's own authority.

use std::path::Path;
use std::sync::Arc;

use pem::Pem;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use shared::env::Env;
use shared::keys::PublishedStore;
use shared::table::Table;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn pem(authority: &Authority) -> String {
    pem::encode(&Pem::new("CERTIFICATE", authority.der().to_vec()))
}

/// Serves a DynamoDB that has no item, with a certificate of the authority, and returns its URL.
async fn serve(authority: &Authority) -> String {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust the certificate hangs up.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            // The whole request: it ends with the body's closing brace.
            let mut request = Vec::new();
            while !request.ends_with(b"}") && stream.read_buf(&mut request).await.unwrap() > 0 {}
            let response = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
            stream.write_all(response).await.unwrap();
            let _closed = stream.shutdown().await;
        }
    });
    url
}

/// Reads an item with the roots of a bundle.
async fn read(url: &str, bundle: &Path) -> Result<(), String> {
    let env = Env::new(|name| match name {
        "TABLE_NAME" => Some("users".to_owned()),
        "AWS_ENDPOINT_URL_DYNAMODB" => Some(url.to_owned()),
        "AWS_CA_BUNDLE" => Some(bundle.to_str().unwrap().to_owned()),
        _ => None,
    });
    let table = Table::connect(&env).await.map_err(|error| error.to_string())?;
    let read = PublishedStore::new(table).read().await;
    read.map(|_| ()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_bundle_replaces_the_built_in_roots() {
    let (own, other) = (authority(), authority());
    let url = serve(&own).await;
    let folder = tempfile::tempdir().unwrap();
    let bundle = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let unusable = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let trusting = bundle(
        "trusting",
        &format!("# a comment\n{}{unusable}{}", pem(&other), pem(&own)),
    );
    assert_eq!(read(&url, &trusting).await, Ok(()));
    let error = read(&url, &bundle("other", &pem(&other))).await.unwrap_err();
    assert!(error.contains("invalid peer certificate"), "{error}");
    for wrong in [
        bundle("empty", ""),
        bundle("unusable", unusable),
        folder.path().join("missing"),
    ] {
        let error = read(&url, &wrong).await.unwrap_err();
        assert_eq!(error, "AWS_CA_BUNDLE must name a file of PEM certificates");
    }
    // No bundle: Amazon's roots, none of which vouches for the test's authority.
    let error = read(&url, Path::new("")).await.unwrap_err();
    assert!(error.contains("invalid peer certificate"), "{error}");
}
