//! No response and no log line holds a secret, whatever fails.

use std::path::Path;

use lambda_http::{Body, Request, Response};
use serde_json::{Value, json};
use shared::clients::GrantType;
use shared::clock::Clock;
use shared::env::Env;
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use shared::users::UserId;
use testing::deployment::{Deployment, call};
use testing::event::{Event, log_in};
use testing::fault_proxy::Fault;
use testing::rings::shared_ring;
use testing::runtime_api::{Environment, check_lines, events, run};
use token::Token;
use utoipa::openapi::OpenApi;

use super::clients::registered;
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
async fn n_17_at_the_most_detailed_level_no_line_holds_a_secret() {
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
    let known = format!("username=johndoe&password=correct+horse+battery&device_token={second}");
    let known = Event::new("POST", "/token").form(&known);
    let sent = [refresh, revoke.value().clone(), known.value().clone()];
    let reused = run(binary, deployment.variables(), &sent).await;
    assert_eq!(reused.statuses(), [400, 200, 200]);
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

#[tokio::test]
async fn n_18_each_act_leaves_one_event_without_secrets() {
    let deployment = Deployment::start().await.with("AWS_LAMBDA_LOG_FORMAT", "JSON");
    let id = deployment.user("johndoe", PASSWORD).await;
    let user = UserId::known(id.clone());
    let binary = Path::new(env!("CARGO_BIN_EXE_token"));
    let mut function = Environment::start(&[], binary, deployment.variables()).await;
    let agent = format!("\"}}\n{{\"event\":\"LoggedIn\"{}", "\u{e9}".repeat(64));
    let mut tokens: Vec<String> = Vec::new();
    let mut expected = Vec::new();
    // A body with the numbers of tokens in it, what becomes of the user before, the status, and the events.
    let log_in = "username=johndoe&password=correct+horse+battery";
    let guess = "username=hunter3hunter3&password=x";
    let steps: [(&str, &str, u16, &[&str]); 24] = [
        ("disabled", log_in, 400, &["LogInFailed"]),
        ("enabled", log_in, 200, &["LoggedIn"]),
        ("", "username=johndoe&password=wrong", 401, &["LogInFailed"]),
        (
            "",
            &format!("username=johndoe&password={}", "x".repeat(5000)),
            401,
            &["LogInFailed"],
        ),
        ("", "username=hunter2hunter2&password=x", 401, &["LogInFailed"]),
        ("", "username=Hunter2hunter2&password=x", 401, &["LogInFailed"]),
        ("", &format!("{log_in}&scope=admin"), 400, &["LogInFailed"]),
        ("", "username=johndoe", 400, &[]),
        (
            "",
            "grant_type=refresh_token&refresh_token=TOKEN0",
            200,
            &["Refreshed"],
        ),
        (
            "aged",
            "grant_type=refresh_token&refresh_token=TOKEN0",
            200,
            &["Refreshed"],
        ),
        (
            "",
            "grant_type=refresh_token&refresh_token=TOKEN0",
            200,
            &["RefreshReplayed"],
        ),
        (
            "",
            "grant_type=refresh_token&refresh_token=TOKEN2&scope=x",
            400,
            &["RefreshUnknown"],
        ),
        (
            "aged",
            "grant_type=refresh_token&refresh_token=TOKEN0",
            400,
            &["RefreshReused"],
        ),
        (
            "",
            "grant_type=refresh_token&refresh_token=TOKEN2",
            400,
            &["RefreshUnknown"],
        ),
        (
            "",
            "grant_type=refresh_token&refresh_token=made-up",
            400,
            &["RefreshUnknown"],
        ),
        ("", log_in, 200, &["LoggedIn"]),
        ("unreadable", log_in, 401, &["LogInFailed"]),
        ("", guess, 401, &["LogInFailed"]),
        ("", guess, 401, &["LogInFailed"]),
        ("", guess, 401, &["LogInFailed"]),
        ("", guess, 401, &["LogInFailed"]),
        ("", guess, 401, &["LogInFailed"]),
        ("", guess, 429, &["Throttled"]),
        // Without a look at the store.
        ("", guess, 429, &["Throttled"]),
    ];
    for (before, text, status, events) in steps {
        match before {
            "disabled" | "enabled" => {
                let now = Clock::system().now();
                let is_there = deployment
                    .users()
                    .await
                    .set_disabled(&user, before == "disabled", now)
                    .await;
                assert!(is_there.unwrap());
            }
            "aged" => age_sessions(&deployment, &id).await,
            "unreadable" => {
                let mut item = deployment.table().item(&format!("user#{id}"), "user").await;
                item["password_hash"] = json!({"S": "$unknown$"});
                deployment.table().put(item).await;
            }
            _ => {}
        }
        let mut text = text.to_owned();
        for (index, token) in tokens.iter().enumerate() {
            text = text.replace(&format!("TOKEN{index}"), token);
        }
        let event = Event::new("POST", "/token").form(&text);
        let (response, _) = function.respond(event.header("user-agent", &agent).value()).await;
        assert_eq!(response["statusCode"], status, "{text}: {response}");
        let issued: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
        tokens.extend(issued["refresh_token"].as_str().map(str::to_owned));
        expected.extend(events.iter().copied());
    }
    // Of a session that has ended, a revocation ends nothing more.
    let newest = tokens.last().unwrap().clone();
    for _ in 0..2 {
        let event = Event::new("POST", "/revoke").form(&format!("token={newest}"));
        assert_eq!(function.respond(event.value()).await.0["statusCode"], 200);
    }
    expected.push("Revoked");
    let client = registered(&deployment, false, &[GrantType::ClientCredentials]).await;
    for (secret, status, event) in [
        (&*client.secret, 200, "ClientTokenIssued"),
        ("wrong", 400, "ClientRefused"),
    ] {
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={secret}",
            client.id
        );
        let (response, _) = function
            .respond(Event::new("POST", "/token").form(&form).value())
            .await;
        assert_eq!(response["statusCode"], status);
        expected.push(event);
    }
    let output = function.stop().await;
    assert!(!output.contains(&client.secret), "{output}");
    assert_eq!(events(&output), expected, "{output}");
    let lines: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["event"].is_string())
        .collect();
    let cold = lines.iter().map(|line| line["cold_start"] == true);
    assert_eq!(
        cold.collect::<Vec<_>>(),
        (0..lines.len()).map(|line| line == 0).collect::<Vec<_>>()
    );
    let reasons = lines.iter().filter_map(|line| line["reason"].as_str());
    assert_eq!(
        reasons.collect::<Vec<_>>(),
        [
            "Disabled",
            "WrongPassword",
            "WrongPassword",
            "UnknownUser",
            "UnknownUser",
            "Scope",
            "UnreadableHash",
            "UnknownUser",
            "UnknownUser",
            "UnknownUser",
            "UnknownUser",
            "UnknownUser"
        ]
    );
    let guesses = lines.iter().filter(|line| line["event"] == "Throttled");
    let guesses = guesses.map(|line| (&line["limit"], line["name_hash"].is_string()));
    assert_eq!(guesses.collect::<Vec<_>>(), [(&json!("User"), true); 2]);
    assert!(
        lines[4]["name_hash"].is_string() && lines[4]["name_hash"] == lines[5]["name_hash"],
        "{output}"
    );
    assert!(
        lines
            .iter()
            .all(|line| line["user_agent"].as_str().is_none_or(|agent| agent.len() <= 64)),
        "{output}"
    );
    let names = [
        PASSWORD,
        "horse",
        "johndoe",
        "unter2",
        "made-up",
        "$unknown$",
        "xxxx",
    ];
    let secrets: Vec<&str> = names
        .into_iter()
        .chain(tokens.iter().map(String::as_str))
        .collect();
    check_lines(&output, &secrets);
}
