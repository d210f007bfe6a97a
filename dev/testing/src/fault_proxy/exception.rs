//! Exceptions that DynamoDB returns and the engine does not.

use std::iter;

use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use reqwest::Body;
use serde_json::{Value, json};

const CONFLICT: &str = "Transaction is ongoing for the item";

pub(super) fn internal_server_error() -> Response<Body> {
    let body = json!({"message": "The request processing has failed because of an unknown error."});
    exception(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", body)
}

pub(super) fn throughput_exceeded() -> Response<Body> {
    let body = json!({"message": "The level of configured provisioned throughput for the table was exceeded. \
        Consider increasing your provisioning level with the UpdateTable API."});
    exception(
        StatusCode::BAD_REQUEST,
        "ProvisionedThroughputExceededException",
        body,
    )
}

pub(super) fn transaction_in_progress() -> Response<Body> {
    let body = json!({"Message": "The transaction with the given request token is already in progress"});
    exception(StatusCode::BAD_REQUEST, "TransactionInProgressException", body)
}

pub(super) fn transaction_conflict(operation: &str, request: &[u8]) -> Response<Body> {
    if !operation.starts_with("Transact") {
        return exception(
            StatusCode::BAD_REQUEST,
            "TransactionConflictException",
            json!({"message": CONFLICT}),
        );
    }
    // One reason for each item of the request, in its order.
    let items = serde_json::from_slice::<Value>(request)
        .ok()
        .and_then(|request| Some(request["TransactItems"].as_array()?.len()));
    let others = items.unwrap_or(1).saturating_sub(1);
    let codes: Vec<&str> = iter::once("TransactionConflict")
        .chain(iter::repeat_n("None", others))
        .collect();
    let reasons: Vec<Value> = codes
        .iter()
        .map(|code| match *code {
            "None" => json!({"Code": "None"}),
            code => json!({"Code": code, "Message": CONFLICT}),
        })
        .collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let body = json!({"Message": message, "CancellationReasons": reasons});
    exception(StatusCode::BAD_REQUEST, "TransactionCanceledException", body)
}

fn exception(status: StatusCode, name: &str, mut body: Value) -> Response<Body> {
    body["__type"] = Value::from(format!("com.amazonaws.dynamodb.v20120810#{name}"));
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    headers.insert(
        HeaderName::from_static("x-amzn-requestid"),
        HeaderValue::from_static("FAULTPROXY"),
    );
    response
}
