//! What the function writes to its log.

use super::*;

#[tokio::test]
async fn n_17_at_the_most_detailed_level_no_line_holds_a_secret() {
    let mut fixture = Fixture::new().await;
    for (name, value) in [
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
        ("EDGE_SECRET", "sesame"),
    ] {
        fixture.deployment = fixture.deployment.with(name, value);
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_me"));
    let token = fixture.token();
    let passwords =
        json!({"current_password": "correct horse battery", "new_password": "battery horse correct"});
    let put = event::Event::new("PUT", "/users/me/password").json(&passwords);
    let proved = |event: event::Event| event.header("x-latchkey-edge", "sesame").value().clone();
    let events = [
        proved(event::me(&token)),
        proved(event::me(&format!("{token} {token}"))),
        event::me(&token).value().clone(),
        proved(put.bearer(&token)),
    ];
    let served = run(binary, fixture.deployment.variables(), &events).await;
    assert_eq!(served.statuses(), [200, 400, 403, 204]);
    fixture.proxy.always(Fault::CutAnswer);
    let failed = run(binary, fixture.deployment.variables(), &events[..1]).await;
    assert_eq!(failed.responses[0]["statusCode"], 503);
    let output = served.output + &failed.output;
    assert!(output.contains("the request failed"), "{output}");
    let (_, signature) = token.rsplit_once('.').unwrap();
    check_lines(&output, &["argon2", "horse", "johndoe", "sesame", signature]);
}

#[tokio::test]
async fn n_18_each_act_leaves_one_event_without_secrets() {
    let mut fixture = Fixture::new().await;
    fixture.deployment = fixture.deployment.with("AWS_LAMBDA_LOG_FORMAT", "JSON");
    let binary = Path::new(env!("CARGO_BIN_EXE_me"));
    let token = fixture.token();
    let change = |body| event::Event::new("PATCH", "/users/me").json(&body);
    let replace = |current: &str| {
        let body = json!({"current_password": current, "new_password": "battery horse correct"});
        event::Event::new("PUT", "/users/me/password").json(&body)
    };
    let requests = [
        (event::me(&token), 200, ""),
        (event::me("x.y.z"), 401, ""),
        (replace("wrong"), 422, "LogInFailed"),
        (change(json!({"website": "https://example.com"})), 200, ""),
        (change(json!({"username": "janedoe"})), 200, "NamesChanged"),
        (change(json!({"username": "janedoe"})), 200, ""),
        (replace("correct horse battery"), 204, "PasswordChanged"),
        // Its credentials are those of before.
        (event::Event::new("DELETE", "/users/me"), 401, ""),
    ];
    let mut sent: Vec<serde_json::Value> = requests
        .iter()
        .map(|(event, ..)| event.clone().bearer(&token).value().clone())
        .collect();
    sent[1] = requests[1].0.value().clone();
    let done = run(binary, fixture.deployment.variables(), &sent).await;
    assert_eq!(
        done.statuses(),
        requests.iter().map(|(_, status, _)| *status).collect::<Vec<_>>()
    );
    let expected: Vec<&str> = requests
        .iter()
        .map(|(.., event)| *event)
        .filter(|event| !event.is_empty())
        .collect();
    assert_eq!(events(&done.output), expected, "{}", done.output);
    let guessing = Fixture::new().await;
    let deployment = guessing.deployment.with("AWS_LAMBDA_LOG_FORMAT", "JSON");
    let token =
        Forger::new(shared_ring(), ISSUER, &guessing.user, guessing.time.now().unix()).token(|_, _| {});
    let guesses = vec![replace("wrong").bearer(&token).value().clone(); 7];
    let guessed = run(binary, deployment.variables(), &guesses).await;
    assert_eq!(guessed.statuses(), [422, 422, 422, 422, 422, 429, 429]);
    let mut expected = vec!["LogInFailed"; 5];
    expected.extend(["Throttled"; 2]);
    assert_eq!(events(&guessed.output), expected, "{}", guessed.output);
    assert_eq!(guessed.output.matches(r#""limit":"User""#).count(), 2);
    check_lines(&guessed.output, &["wrong", "horse", &token]);
    let other = Fixture::new().await;
    let deployment = other.deployment.with("AWS_LAMBDA_LOG_FORMAT", "JSON");
    let token = Forger::new(shared_ring(), ISSUER, &other.user, other.time.now().unix()).token(|_, _| {});
    let delete = event::Event::new("DELETE", "/users/me").bearer(&token);
    let deleted = run(binary, deployment.variables(), &[delete.value().clone()]).await;
    assert_eq!(events(&deleted.output), ["Deleted"], "{}", deleted.output);
    check_lines(
        &(done.output + &deleted.output),
        &["argon2", "horse", "johndoe", "janedoe", "wrong", &token],
    );
}
