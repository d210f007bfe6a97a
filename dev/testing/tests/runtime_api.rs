//! The Runtime API with a client in place of a function, and with a real function.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use testing::runtime_api::{Function, InvocationError, RuntimeApi};

/// Longer than any of this takes, so that a failure is an error and no hanging test.
const LIMIT: Duration = Duration::from_secs(20);

const ECHO: &str = env!("CARGO_BIN_EXE_echo");

async fn next(api: &RuntimeApi) -> (String, Response) {
    let url = format!("http://{}/2018-06-01/runtime/invocation/next", api.address());
    let response = Client::new().get(url).send().await.unwrap();
    let id = response.headers()["lambda-runtime-aws-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    (id, response)
}

async fn post(api: &RuntimeApi, path: &str, body: &str) -> StatusCode {
    let url = format!("http://{}/2018-06-01/runtime/{path}", api.address());
    Client::new()
        .post(url)
        .body(body.to_owned())
        .send()
        .await
        .unwrap()
        .status()
}

#[tokio::test]
async fn an_event_reaches_the_function_with_its_headers_and_the_answer_its_caller() {
    let api = RuntimeApi::start().await.unwrap();
    let event = json!({"rawPath": "/token"});
    let function = async {
        let (id, response) = next(&api).await;
        for name in ["deadline-ms", "invoked-function-arn", "trace-id"] {
            assert!(
                response.headers().contains_key(format!("lambda-runtime-{name}")),
                "{name}"
            );
        }
        let seen: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(seen, event);
        let status = post(
            &api,
            &format!("invocation/{id}/response"),
            r#"{"statusCode":200}"#,
        )
        .await;
        assert_eq!(status, StatusCode::ACCEPTED);
    };
    let (answer, ()) = tokio::join!(api.invoke(&event, LIMIT), function);
    assert_eq!(answer, Ok(json!({"statusCode": 200})));
}

#[tokio::test]
async fn answers_in_another_order_reach_their_own_callers() {
    let api = RuntimeApi::start().await.unwrap();
    let (one, two) = (json!(1), json!(2));
    let function = async {
        let first = next(&api).await;
        let second = next(&api).await;
        for (id, event) in [second, first] {
            let event = event.text().await.unwrap();
            post(&api, &format!("invocation/{id}/response"), &event).await;
        }
    };
    let (answer_to_one, answer_to_two, ()) =
        tokio::join!(api.invoke(&one, LIMIT), api.invoke(&two, LIMIT), function);
    assert_eq!((answer_to_one, answer_to_two), (Ok(one), Ok(two)));
}

#[tokio::test]
async fn a_reported_failure_reaches_the_caller() {
    let api = RuntimeApi::start().await.unwrap();
    let function = async {
        let (id, _) = next(&api).await;
        let report = r#"{"errorType":"Panic","errorMessage":"no table"}"#;
        post(&api, &format!("invocation/{id}/error"), report).await;
    };
    let event = json!({});
    let (answer, ()) = tokio::join!(api.invoke(&event, LIMIT), function);
    assert_eq!(
        answer,
        Err(InvocationError::Failed {
            kind: "Panic".to_owned(),
            message: "no table".to_owned()
        })
    );
}

#[tokio::test]
async fn a_start_error_ends_the_wait_for_an_answer() {
    let api = RuntimeApi::start().await.unwrap();
    let report = r#"{"errorType":"Runtime.InitError","errorMessage":"TABLE_NAME is missing"}"#;
    let event = json!({});
    let (answer, status) = tokio::join!(api.invoke(&event, LIMIT), post(&api, "init/error", report));
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(
        answer,
        Err(InvocationError::Start {
            kind: "Runtime.InitError".to_owned(),
            message: "TABLE_NAME is missing".to_owned()
        })
    );
}

#[tokio::test]
async fn an_event_whose_caller_gave_up_is_not_handed_out() {
    let api = RuntimeApi::start().await.unwrap();
    let limit = Duration::from_millis(1);
    assert_eq!(
        api.invoke(&json!("late"), limit).await,
        Err(InvocationError::TimedOut(limit))
    );
    let function = async {
        let (id, response) = next(&api).await;
        assert_eq!(response.text().await.unwrap(), r#""in time""#);
        post(&api, &format!("invocation/{id}/response"), "1").await;
    };
    let event = json!("in time");
    let (answer, ()) = tokio::join!(api.invoke(&event, LIMIT), function);
    assert_eq!(answer, Ok(json!(1)));
}

#[tokio::test]
async fn an_answer_that_no_one_waits_for_is_refused() {
    let api = RuntimeApi::start().await.unwrap();
    assert_eq!(
        post(&api, "invocation/unknown/response", "{}").await,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_real_function_answers_one_event_after_the_other() {
    let api = RuntimeApi::start().await.unwrap();
    let mut function = Function::spawn(Path::new(ECHO), [], &api).unwrap();
    let first = function.invoke(&json!({"number": 1}), LIMIT).await.unwrap();
    let second = function.invoke(&json!({"number": 2}), LIMIT).await.unwrap();
    assert_eq!(
        (&first["event"]["number"], &second["event"]["number"]),
        (&json!(1), &json!(2))
    );
    assert_ne!(first["requestId"], second["requestId"]);
    let failed = function
        .invoke(&json!({"fail": "on purpose"}), LIMIT)
        .await
        .unwrap_err();
    assert!(
        matches!(failed, InvocationError::Failed { ref message, .. } if message == "on purpose"),
        "{failed}"
    );
}

#[tokio::test]
async fn a_real_function_has_lambdas_variables_and_its_own_and_no_others() {
    let api = RuntimeApi::start().await.unwrap();
    let own = [("TABLE_NAME".to_owned(), "UsersTable".to_owned())];
    let mut function = Function::spawn(Path::new(ECHO), own, &api).unwrap();
    let answer = function.invoke(&json!({}), LIMIT).await.unwrap();
    let mut names: Vec<_> = answer["variables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_RUNTIME_API",
            "TABLE_NAME"
        ]
    );
}

#[tokio::test]
async fn a_function_that_gives_up_at_the_start_is_seen_with_what_it_wrote() {
    let api = RuntimeApi::start().await.unwrap();
    let refuse = || [("REFUSE_TO_START".to_owned(), "1".to_owned())];
    let mut function = Function::spawn(Path::new(ECHO), refuse(), &api).unwrap();
    let status = function.wait_for_exit(LIMIT).await.unwrap();
    assert!(!status.success());
    assert!(
        function.stderr().contains("REFUSE_TO_START is set"),
        "{}",
        function.stderr()
    );

    let mut function = Function::spawn(Path::new(ECHO), refuse(), &api).unwrap();
    let error = function.invoke(&json!({}), LIMIT).await.unwrap_err();
    assert!(
        matches!(error, InvocationError::Exited { ref output, .. } if output.contains("REFUSE_TO_START")),
        "{error}"
    );
}

#[tokio::test]
async fn a_line_that_a_function_writes_can_be_waited_for() {
    let api = RuntimeApi::start().await.unwrap();
    let refuse = [("REFUSE_TO_START".to_owned(), "1".to_owned())];
    let mut function = Function::spawn(Path::new(ECHO), refuse, &api).unwrap();
    let line = function.wait_for_line("REFUSE_TO_START", LIMIT).await.unwrap();
    assert!(line.starts_with("Error:"), "{line}");
    assert_eq!(function.wait_for_line("never written", LIMIT).await, None);
}

#[tokio::test]
async fn a_binary_that_is_not_there_is_named() {
    let api = RuntimeApi::start().await.unwrap();
    let error = Function::spawn(Path::new("no-such-binary"), [], &api).unwrap_err();
    assert!(error.to_string().contains("no-such-binary"), "{error}");
}
