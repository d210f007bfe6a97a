//! One GET over HTTP/1.1.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use http_body_util::{BodyExt, Limited};
use serde_json::Value;
use shared::aws;
use shared::env::{Env, process_variable};
use tokio::time::timeout;
use url::Url;

/// For the opening of the connection, its TLS handshake included.
const CONNECT: Duration = Duration::from_secs(5);
/// For a response, its body included.
const LONGEST: Duration = Duration::from_secs(10);
/// More than metadata and a JWK Set have.
const MOST_BYTES: usize = 1024 * 1024;

/// A JSON document.
pub(super) struct Document {
    /// The document.
    pub(super) value: Value,
    /// The header `Date`, empty where there is none.
    pub(super) date: String,
}

/// Gets a JSON document, over TLS as every client of this project has it.
///
/// # Errors
///
/// What the URL responded in its place, a phrase that follows the URL.
pub(super) async fn get(url: &str) -> Result<Document, String> {
    let parsed = Url::parse(url).map_err(|_| "is no URL".to_owned())?;
    let env = Env::new(process_variable);
    let http = aws::http_connector(&env, Some(&parsed), CONNECT).map_err(|error| error.to_string())?;
    let request = HttpRequest::get(url).map_err(|_| "is no URL".to_owned())?;
    let whole = async {
        let response = http.call(request).await.map_err(|error| {
            let causes = aws::message(&error);
            format!("does not respond ({causes})")
        })?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(format!("responds {status}"));
        }
        let date = response.headers().get("date").unwrap_or_default().to_owned();
        let body = Limited::new(response.into_body(), MOST_BYTES).collect().await;
        let body = body.map_err(|error| format!("breaks off ({error})"))?.to_bytes();
        let value = serde_json::from_slice(&body).map_err(|_| "is no JSON".to_owned())?;
        Ok(Document { value, date })
    };
    match timeout(LONGEST, whole).await {
        Ok(document) => document,
        Err(_) => Err(format!("does not respond within {} s", LONGEST.as_secs())),
    }
}
