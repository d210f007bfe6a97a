//! No response and no log line holds a secret, whatever fails.

use std::path::Path;

use lambda_http::{Body, Request, Response};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::env::Env;
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use testing::deployment::{Deployment, call};
use testing::event::{Event, log_in};
use testing::fault_proxy::Fault;
use testing::rings::shared_ring;
use testing::runtime_api::{check_lines, run};
use token::Token;
use utoipa::openapi::OpenApi;

use super::{PASSWORD, behind_proxy, stored_hash, try_log_in};

/// A function whose handler panics.
struct Panics;

impl Function for Panics {
    const NAME: &'static str = "panics";

    async fn start(_: &Env<'_>, _: &Clock) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl HttpFunction for Panics {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::OAuth;

    fn openapi() -> OpenApi {
        OpenApi::default()
    }

    #[expect(clippy::panic, reason = "the test is about panics")]
    async fn handle(&self, _: Request) -> Result<Response<Body>, Error> {
        panic!("a secret {PASSWORD}");
    }
}

#[tokio::test]
async fn a_panic_is_the_500_of_the_error_table_and_the_next_request_is_served() {
    let deployment = Deployment::start().await;
    deployment.user("johndoe", PASSWORD).await;
    let function = deployment.function::<Token>().await;
    let response = call(&Panics, log_in("johndoe", PASSWORD)).await;
    assert_eq!(response.status, 500);
    assert_eq!(
        response.body,
        json!({"error": "server_error", "error_description": "Internal server error", "detail": "Internal server error"})
    );
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(try_log_in(&function, "johndoe", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn at_the_most_detailed_level_no_line_holds_a_secret() {
    let (deployment, proxy) = behind_proxy().await;
    let id = deployment.user("johndoe", PASSWORD).await;
    let hash = stored_hash(&deployment, &id).await;
    let deployment = deployment
        .with("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .with("AWS_LAMBDA_LOG_LEVEL", "TRACE");
    let binary = Path::new(env!("CARGO_BIN_EXE_token"));
    let form = "username=johndoe&password=correct+horse+battery%";
    let events = [
        log_in("johndoe", PASSWORD).value().clone(),
        log_in("nobody", PASSWORD).value().clone(),
        Event::new("POST", "/token").form(form).value().clone(),
        json!({"body": form}),
    ];
    let served = run(binary, deployment.variables(), &events).await;
    assert_eq!(served.statuses(), [200, 401, 400, 500]);
    proxy.always(Fault::CutAnswer);
    let failed = run(binary, deployment.variables(), &events[..1]).await;
    assert_eq!(failed.responses[0]["statusCode"], 503);
    let body: Value = serde_json::from_str(served.responses[0]["body"].as_str().unwrap()).unwrap();
    let (_, signature) = body["access_token"].as_str().unwrap().rsplit_once('.').unwrap();
    let keys: Value = serde_json::from_str(shared_ring()).unwrap();
    let key = keys["keys"][0]["pem"].as_str().unwrap().lines().nth(2).unwrap();
    proxy.pass();
    // A refresh that replaces the token, the same token again when both are older than the window, and a revocation.
    let first = body["refresh_token"].as_str().unwrap();
    let form = format!("grant_type=refresh_token&refresh_token={first}");
    let refresh = Event::new("POST", "/token").form(&form).value().clone();
    let revoke = Event::new("POST", "/revoke").form(&format!("token={first}"));
    age_sessions(&deployment, &id).await;
    let refreshed = run(binary, deployment.variables(), std::slice::from_ref(&refresh)).await;
    let second: Value = serde_json::from_str(refreshed.responses[0]["body"].as_str().unwrap()).unwrap();
    let second = second["refresh_token"].as_str().unwrap();
    assert_ne!(second, first);
    age_sessions(&deployment, &id).await;
    let reused = run(binary, deployment.variables(), &[refresh, revoke.value().clone()]).await;
    assert_eq!(reused.statuses(), [400, 200]);
    // An alarm's filter and the dashboard look for this message.
    assert!(
        reused.output.contains("refresh token reused"),
        "{}",
        reused.output
    );
    let output = served.output + &failed.output + &refreshed.output + &reused.output;
    assert!(output.contains("the request failed"), "{output}");
    let encoded = [0, 2].map(|index| events[index]["body"].as_str().unwrap());
    check_lines(
        &output,
        &[
            PASSWORD, "horse", &hash, signature, key, encoded[0], encoded[1], first, second,
        ],
    );
}

/// Makes the newest refresh token of each session older than the window.
async fn age_sessions(deployment: &Deployment, id: &str) {
    let mut item = deployment.table().item(&format!("user#{id}"), "user").await;
    for session in item["sessions"]["M"].as_object_mut().unwrap().values_mut() {
        session["M"]["rotated_at"] = json!({"N": "1"});
    }
    deployment.table().put(item).await;
}
