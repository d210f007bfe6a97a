//! How AWS is reached: trust, region, credentials, time-outs and retries of the SDK's clients.

use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::region::ProvideRegion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use url::Url;

use crate::error::Error;

/// The roots that AWS's endpoints chain to (see `docs/decisions.md`). Reading every certificate of the system instead takes
/// three times as long as all the rest of a cold start.
const AMAZON_ROOTS: &[u8] = include_bytes!("../amazon-roots.pem");

/// A function has 10 s. `token` makes two reads and a write one after the other, so three operations and a hash must fit.
const OPERATION: Duration = Duration::from_millis(2_500);
/// One attempt, so that a hanging connection leaves time for another.
const ATTEMPT: Duration = Duration::from_millis(1_000);
const CONNECT: Duration = Duration::from_millis(500);
const ATTEMPTS: u32 = 4;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_millis(500);

/// Creates the configuration that the clients share, for AWS or for another endpoint. Lambda sets region and credentials in the
/// environment; no other source is searched, since a function never uses the rest of the default chain (profiles, instance
/// metadata, STS) and would carry it along. Another endpoint has fixed credentials: the embedded engine and the emulators accept
/// any.
pub(crate) async fn config(endpoint: Option<&Url>) -> Result<SdkConfig, Error> {
    let common = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client(endpoint)?)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_BACKOFF)
                .with_max_backoff(LONGEST_BACKOFF),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(OPERATION)
                .build(),
        );
    let config = match endpoint {
        Some(endpoint) => common
            .endpoint_url(endpoint.as_str())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "local", "local", None, None, "local",
            ))),
        None => common
            .region(EnvironmentVariableRegionProvider::new().region().await)
            .credentials_provider(SharedCredentialsProvider::new(
                EnvironmentVariableCredentialsProvider::new(),
            )),
    };
    Ok(config.build())
}

fn http_client(endpoint: Option<&Url>) -> Result<SharedHttpClient, Error> {
    if endpoint.is_some_and(|endpoint| endpoint.scheme() == "http") {
        return Ok(Builder::new().build_http());
    }
    let trust = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let context = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| Error::internal("TLS", error.to_string()))?;
    Ok(Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build_https())
}

/// Returns the messages of an SDK's error and of its causes. `DisplayErrorContext` adds the raw response: an item or a secret
/// that does not parse would get into the log.
pub(crate) fn message(error: &dyn std::error::Error) -> String {
    let messages: Vec<String> = std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect();
    messages.join(": ")
}
