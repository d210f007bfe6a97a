//! The client of the table, and what its retries know of transactions.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};

use crate::aws::{self, Caller};
use crate::env::{AWS_ENDPOINT_URL_DYNAMODB, Env};
use crate::function::StartError;

/// Creates the client of a function; sends nothing.
pub(super) async fn connect(env: &Env<'_>) -> Result<Client, StartError> {
    Ok(of(&aws::config(env, &AWS_ENDPOINT_URL_DYNAMODB).await?))
}

/// Creates the client of another caller.
pub(super) fn connect_as(env: &Env<'_>, caller: Caller) -> Result<Client, StartError> {
    Ok(of(&aws::config_of(env, &AWS_ENDPOINT_URL_DYNAMODB, caller)?))
}

fn of(common: &SdkConfig) -> Client {
    let own = aws_sdk_dynamodb::config::Builder::from(common).retry_classifier(TransactionClassifier);
    Client::from_conf(own.build())
}

/// How often a patient client sends a request: for about two minutes of nothing but throttling.
const PATIENT_ATTEMPTS: u32 = 30;
const PATIENT_BACKOFF: Duration = Duration::from_secs(5);

/// Creates a client with the SDK's adaptive retries: throttling lowers the rate of all its requests, and success raises it again. The quota
/// of retries, which protects a service from those who wait for it, is not for it: its requests wait for the rate.
pub(super) fn patient(client: &Client) -> Client {
    let retries = RetryConfig::adaptive()
        .with_max_attempts(PATIENT_ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(100))
        .with_max_backoff(PATIENT_BACKOFF);
    let partition = RetryPartition::custom("patient")
        .token_bucket(TokenBucket::unlimited())
        .build();
    let each = client.config().timeout_config();
    let mut time_outs = TimeoutConfig::builder();
    time_outs
        .set_connect_timeout(each.and_then(TimeoutConfig::connect_timeout))
        .set_operation_attempt_timeout(each.and_then(TimeoutConfig::operation_attempt_timeout));
    let own = client.config().to_builder();
    let own = own.retry_config(retries).retry_partition(partition);
    Client::from_conf(own.timeout_config(time_outs.build()).build())
}

/// Classifies a transaction or an update that met another transaction as worth a further attempt of the SDK's own retry; a failed condition is not.
#[derive(Debug)]
struct TransactionClassifier;

impl ClassifyRetry for TransactionClassifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context
            .output_or_error()
            .and_then(Result::err)
            .and_then(OrchestratorError::as_operation_error);
        if let Some(UpdateItemError::TransactionConflictException(_)) =
            error.and_then(|error| error.downcast_ref())
        {
            return RetryAction::transient_error();
        }
        match error.and_then(|error| error.downcast_ref::<TransactWriteItemsError>()) {
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                RetryAction::transient_error()
            }
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                let is_any_of = |codes: &[&str]| {
                    let mut reasons = canceled.cancellation_reasons().iter();
                    reasons.any(|reason| reason.code().is_some_and(|code| codes.contains(&code)))
                };
                if is_any_of(&["ProvisionedThroughputExceeded", "ThrottlingError"]) {
                    RetryAction::throttling_error()
                } else if is_any_of(&["TransactionConflict"]) {
                    RetryAction::transient_error()
                } else {
                    RetryAction::NoActionIndicated
                }
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
