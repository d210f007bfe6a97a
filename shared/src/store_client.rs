//! The client of the store, and what its retries know of transactions.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};

use crate::aws;
use crate::config::StoreConfig;
use crate::error::Error;

/// A client for the configured store.
pub(crate) async fn connect(config: &StoreConfig) -> Result<Client, Error> {
    let common = aws::config(config.endpoint.as_ref()).await?;
    let own = aws_sdk_dynamodb::config::Builder::from(&common).retry_classifier(TransactionClassifier);
    Ok(Client::from_conf(own.build()))
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
