//! TLS in front of a plain endpoint, with a certificate of a test's own authority.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use pem::Pem;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_RSA_SHA256};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// An authority, and a server's certificate of it.
pub struct Tls {
    authority: String,
    acceptor: TlsAcceptor,
}

impl Tls {
    /// Makes an authority that nobody else knows, and its certificate for `localhost`. Both keys are RSA, as those of AWS's
    /// endpoints: to verify an ECDSA signature takes a client that is built small many times as long.
    pub fn own() -> Self {
        let key = || KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, key()).unwrap();
        let key = key();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        Self {
            authority: pem::encode(&Pem::new("CERTIFICATE", authority.der().to_vec())),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }

    /// Returns the authority's certificate in PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Returns the URL of a server that forwards to the plain endpoint `http://<address>` as long as the runtime lives.
    pub async fn in_front_of(&self, endpoint: &str) -> String {
        let address = endpoint.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = self.acceptor.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                // It fails where the client does not trust the certificate, or is killed.
                tokio::spawn(forward(acceptor.clone(), client, address.clone()));
            }
        });
        format!("https://localhost:{port}")
    }
}

async fn forward(acceptor: TlsAcceptor, client: TcpStream, address: String) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(address).await?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
