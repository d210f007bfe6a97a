//! The client of the table, and what its retries know of transactions.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
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

/// Reports whether a canceled transaction may succeed at another attempt.
fn is_passing(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("TransactionConflict" | "ProvisionedThroughputExceeded" | "ThrottlingError")
    )
}
