//! What the function writes to its log.

use std::path::Path;

use serde_json::{Value, json};
use shared::mail::Purpose;
use testing::event::Event;
use testing::fault_proxy::Fault;
use testing::runtime_api::{check_lines, events, run};

use crate::{ADDRESS, Fixture, NEW_PASSWORD, PASSWORD, START, post};

/// The binary has the system's clock, so that the test has it, too.
async fn fixture() -> Fixture {
    let mut fixture = Fixture::new().await;
    let now = shared::clock::Clock::system().now().unix();
    fixture.time.pass(now - START);
    for (name, value) in [
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
    ] {
        fixture.deployment = fixture.deployment.with(name, value);
    }
    fixture
}

fn values(sent: &[Event]) -> Vec<Value> {
    sent.iter().map(|event| event.value().clone()).collect()
}

#[tokio::test]
async fn n_17_at_the_most_detailed_level_no_line_holds_a_secret() {
    let fixture = fixture().await;
    let id = fixture.johndoe().await;
    let binary = Path::new(env!("CARGO_BIN_EXE_recovery"));
    let proof = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    let reset = fixture.token(Purpose::Reset, &id, ADDRESS).await;
    let form = format!("token={reset}&password={}", NEW_PASSWORD.replace(' ', "+"));
    let sent = values(&[
        post("/forgot-password", &json!({"email": ADDRESS})),
        post("/verify", &json!({"token": proof, "password": PASSWORD})),
        post("/verify", &json!({"token": proof, "password": PASSWORD})),
        Event::new("POST", "/reset-password").form(&form),
    ]);
    let served = run(binary, fixture.deployment.variables(), &sent).await;
    assert_eq!(served.statuses(), [202, 200, 400, 200]);
    fixture.proxy.always(Fault::CutAnswer);
    let failed = run(binary, fixture.deployment.variables(), &sent[1..2]).await;
    assert_eq!(failed.responses[0]["statusCode"], 503);
    let output = served.output + &failed.output;
    assert!(output.contains("the request failed"), "{output}");
    check_lines(&output, &["argon2", "horse", "johndoe", &proof, &reset]);
}

#[tokio::test]
async fn n_18_each_act_leaves_one_event_without_secrets() {
    let fixture = fixture().await;
    let id = fixture.johndoe().await;
    let binary = Path::new(env!("CARGO_BIN_EXE_recovery"));
    let proof = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    let reset = fixture.token(Purpose::Reset, &id, ADDRESS).await;
    let sent = values(&[
        post("/request-verify-token", &json!({"email": ADDRESS})),
        post("/verify", &json!({"token": proof, "password": "wrong password"})),
        post("/verify", &json!({"token": proof, "password": PASSWORD})),
        post(
            "/reset-password",
            &json!({"token": reset, "password": NEW_PASSWORD}),
        ),
    ]);
    let done = run(binary, fixture.deployment.variables(), &sent).await;
    assert_eq!(done.statuses(), [202, 401, 200, 204], "{}", done.output);
    let expected = ["LogInFailed", "AddressProved", "PasswordReset"];
    assert_eq!(events(&done.output), expected, "{}", done.output);
    let limited = Fixture::with(&[("ADDRESS_MAILS", "1"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")]).await;
    let asked = vec![
        post("/forgot-password", &json!({"email": ADDRESS}))
            .value()
            .clone();
        3
    ];
    let throttled = run(binary, limited.deployment.variables(), &asked).await;
    assert_eq!(throttled.statuses(), [202, 429, 429]);
    assert_eq!(
        events(&throttled.output),
        ["Throttled"; 2],
        "{}",
        throttled.output
    );
    assert_eq!(throttled.output.matches(r#""limit":"Mails""#).count(), 2);
    check_lines(
        &(done.output + &throttled.output),
        &["argon2", "horse", "wrong", "johndoe", &proof, &reset],
    );
}
