//! How the store is reached: trust, credentials, time-outs and retries of the AWS SDK's client.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::region::ProvideRegion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, Region, SharedHttpClient};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};

use crate::config::StoreConfig;
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

/// A client for the configured store. Lambda gives region and credentials in the environment; no other place is searched,
/// since what the default chain can do (profiles, instance metadata, STS) a function never uses and would carry along. At an
/// endpoint of one's own there are no credentials to find: the embedded engine and the emulators take any.
pub(crate) async fn connect(config: &StoreConfig) -> Result<Client, Error> {
    let mut client = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client(config)?)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_BACKOFF)
                .with_max_backoff(LONGEST_BACKOFF),
        )
        .retry_classifier(TransactionClassifier)
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(OPERATION)
                .build(),
        );
    client = match &config.endpoint {
        Some(endpoint) => client
            .endpoint_url(endpoint.as_str())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local")),
        None => client
            .region(EnvironmentVariableRegionProvider::new().region().await)
            .credentials_provider(EnvironmentVariableCredentialsProvider::new()),
    };
    Ok(Client::from_conf(client.build()))
}

fn http_client(config: &StoreConfig) -> Result<SharedHttpClient, Error> {
    let plain = config
        .endpoint
        .as_ref()
        .is_some_and(|endpoint| endpoint.scheme() == "http");
    if plain {
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

/// Tells the SDK's own retry that a transaction which met another one is worth a further attempt; a failed condition is not.
#[derive(Debug)]
struct TransactionClassifier;

impl ClassifyRetry for TransactionClassifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context
            .output_or_error()
            .and_then(Result::err)
            .and_then(OrchestratorError::as_operation_error)
            .and_then(|error| error.downcast_ref::<TransactWriteItemsError>());
        match error {
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                RetryAction::transient_error()
            }
            Some(TransactWriteItemsError::TransactionCanceledException(canceled))
                if canceled
                    .cancellation_reasons()
                    .iter()
                    .any(|reason| is_passing(reason.code())) =>
            {
                RetryAction::transient_error()
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "transactions"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::modeled_as_retryable_classifier())
    }
}

/// Reasons of a canceled transaction that another attempt may not meet.
fn is_passing(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("TransactionConflict" | "ProvisionedThroughputExceeded" | "ThrottlingError")
    )
}
