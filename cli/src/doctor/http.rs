//! One GET over HTTP/1.1.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::{StatusCode, Uri, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::time::timeout;
use webpki_roots::TLS_SERVER_ROOTS;

/// For a response, its body included.
const LONGEST: Duration = Duration::from_secs(10);
/// More than metadata and a JWK Set have.
const MOST_BYTES: usize = 1024 * 1024;

/// Gets documents.
pub(super) struct Http(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

/// A JSON document.
pub(super) struct Document {
    /// The document.
    pub(super) value: Value,
    /// The header `Date`, empty where there is none.
    pub(super) date: String,
}

impl Http {
    /// Creates a client that trusts Mozilla's roots.
    pub(super) fn new() -> Result<Self, String> {
        let roots: RootCertStore = TLS_SERVER_ROOTS.iter().cloned().collect();
        let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(https)))
    }

    /// Gets a JSON document.
    ///
    /// # Errors
    ///
    /// What the URL responded in its place, a phrase that follows the URL.
    pub(super) async fn get(&self, url: &str) -> Result<Document, String> {
        let uri: Uri = url.parse().map_err(|_| "is no URL".to_owned())?;
        let whole = async {
            let response = self.0.get(uri).await.map_err(|error| {
                let causes = shared::aws::message(&error);
                format!("does not respond ({causes})")
            })?;
            let (parts, body) = response.into_parts();
            if parts.status != StatusCode::OK {
                return Err(format!("responds {}", parts.status.as_u16()));
            }
            let body = Limited::new(body, MOST_BYTES).collect().await;
            let body = body.map_err(|error| format!("breaks off ({error})"))?.to_bytes();
            let date = parts.headers.get(header::DATE);
            Ok(Document {
                value: serde_json::from_slice(&body).map_err(|_| "is no JSON".to_owned())?,
                date: date
                    .and_then(|date| date.to_str().ok())
                    .unwrap_or_default()
                    .to_owned(),
            })
        };
        match timeout(LONGEST, whole).await {
            Ok(document) => document,
            Err(_) => Err(format!("does not respond within {} s", LONGEST.as_secs())),
        }
    }
}
