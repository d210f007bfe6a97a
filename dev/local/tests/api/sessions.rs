//! `/sessions` from outside.

use serde_json::{Value, json};
use testing::forge::claims;

use crate::running::{PASSWORD, Response, Running};

/// A ULID that no session has.
const UNKNOWN: &str = "01KAY2Z3M4N5P6Q7R8S9T0V1W2";

/// What a log-in issued.
struct LoggedIn {
    access_token: String,
    refresh_token: String,
    session: String,
}

async fn log_in(service: &Running, username: &str, user_agent: &str) -> LoggedIn {
    let form = [("username", username), ("password", PASSWORD)];
    let request = service.request("POST", "/token").header("user-agent", user_agent);
    let body = Response::of(request.form(&form)).await.body;
    let text = |member: &str| body[member].as_str().unwrap().to_owned();
    LoggedIn {
        session: claims(&text("access_token"))["sid"].as_str().unwrap().to_owned(),
        access_token: text("access_token"),
        refresh_token: text("refresh_token"),
    }
}

async fn send(service: &Running, method: &str, path: &str, token: &str) -> Response {
    Response::of(service.request(method, path).bearer_auth(token)).await
}

async fn end(service: &Running, id: &str, token: &str) -> Response {
    send(service, "DELETE", &format!("/sessions/{id}"), token).await
}

/// Returns the ids of a token's sessions, the newest first.
async fn sessions(service: &Running, token: &str) -> Vec<String> {
    let response = send(service, "GET", "/sessions", token).await;
    assert_eq!(response.status, 200, "{response:?}");
    let sessions = response.body.as_array().unwrap().iter();
    sessions
        .map(|session| session["id"].as_str().unwrap().to_owned())
        .collect()
}

fn is_no_such_session(response: &Response) {
    response.is_problem(404, "No such session");
    assert_eq!(response.header("www-authenticate"), "");
}

fn is_ended(response: &Response) {
    assert_eq!((response.status, &response.body), (204, &json!("")));
    response.has_common_headers();
}

#[tokio::test]
async fn n_12_a_user_lists_own_sessions_and_ends_them_others_after_recent_authentication() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    service.user("jane").await;
    let phone = log_in(&service, "johndoe", "phone/1").await;
    let laptop = log_in(&service, "johndoe", "laptop/2").await;
    let jane = log_in(&service, "jane", "tablet/3").await;
    let token = &*laptop.access_token;
    let response = send(&service, "GET", "/sessions", token).await;
    response.has_common_headers();
    let mut listed: Vec<(&Value, &Value)> = Vec::new();
    for session in response.body.as_array().unwrap() {
        assert!(!session["ip"].as_str().unwrap().is_empty());
        listed.push((&session["user_agent"], &session["current"]));
    }
    assert_eq!(
        listed,
        [
            (&json!("laptop/2"), &json!(true)),
            (&json!("phone/1"), &json!(false))
        ]
    );
    // The same session's token, of a log-in before the last 5 minutes.
    let old = service.forger(&id).token(|_, claims| {
        claims["sid"] = json!(laptop.session);
        claims["auth_time"] = json!(claims["auth_time"].as_i64().unwrap() - 310);
    });
    for path in [
        &format!("/sessions/{}", phone.session),
        &format!("/sessions/{UNKNOWN}"),
        "/sessions",
    ] {
        let response = send(&service, "DELETE", path, &old).await;
        response.is_problem(401, "More recent authentication is required");
        assert_eq!(
            response.body["error"], "insufficient_user_authentication",
            "{path}"
        );
        assert_eq!(
            response.header("www-authenticate"),
            "Bearer realm=\"latchkey\", error=\"insufficient_user_authentication\", \
             error_description=\"More recent authentication is required\", max_age=\"300\""
        );
    }
    is_ended(&end(&service, &phone.session, token).await);
    for id in [&phone.session, &jane.session, UNKNOWN, "x", "a b"] {
        is_no_such_session(&end(&service, id, token).await);
    }
    assert_eq!(sessions(&service, &jane.access_token).await, [jane.session]);
    let tablet = log_in(&service, "johndoe", "tablet/4").await;
    is_ended(&send(&service, "DELETE", "/sessions", token).await);
    assert_eq!(
        sessions(&service, token).await,
        std::slice::from_ref(&laptop.session)
    );
    assert_eq!(
        service
            .me(&format!("Bearer {}", tablet.access_token))
            .await
            .status,
        401
    );
    is_ended(&end(&service, &laptop.session, &old).await);
    assert_eq!(send(&service, "GET", "/sessions", token).await.status, 401);
}

#[tokio::test]
async fn n_16_the_tokens_of_a_session_that_its_user_ends_are_rejected_at_once() {
    let service = Running::start().await;
    service.user("johndoe").await;
    let (kept, ended) = (
        log_in(&service, "johndoe", "kept").await,
        log_in(&service, "johndoe", "ended").await,
    );
    is_ended(&end(&service, &ended.session, &kept.access_token).await);
    for (tokens, refreshed, read) in [(ended, 400, 401), (kept, 200, 200)] {
        let form = format!("grant_type=refresh_token&refresh_token={}", tokens.refresh_token);
        assert_eq!(service.form(&form).await.status, refreshed);
        let me = service.me(&format!("Bearer {}", tokens.access_token)).await;
        assert_eq!(me.status, read);
    }
}

#[tokio::test]
async fn the_id_in_the_path_is_percent_decoded_and_no_other_path_is_a_route() {
    let service = Running::start().await;
    service.user("johndoe").await;
    let logged_in = log_in(&service, "johndoe", "curl").await;
    let token = &*logged_in.access_token;
    for (method, path) in [
        ("GET", format!("/sessions/{}", logged_in.session)),
        ("DELETE", format!("/sessions/{}/more", logged_in.session)),
        ("POST", "/sessions".to_owned()),
    ] {
        let response = send(&service, method, &path, token).await;
        assert_eq!(
            (response.status, &response.body),
            (404, &json!({"message": "Not Found"})),
            "{path}"
        );
    }
    let encoded: String = logged_in
        .session
        .bytes()
        .map(|byte| format!("%{byte:x}"))
        .collect();
    is_ended(&end(&service, &encoded, token).await);
}

#[tokio::test]
async fn without_refresh_tokens_there_is_no_session_to_list_or_to_end() {
    let service = Running::start_with(&[("ENABLE_REFRESH_TOKENS", "false")]).await;
    let token = service.token("johndoe").await;
    assert_eq!(claims(&token).get("sid"), None);
    assert_eq!(sessions(&service, &token).await, Vec::<String>::new());
    is_no_such_session(&end(&service, UNKNOWN, &token).await);
    is_ended(&send(&service, "DELETE", "/sessions", &token).await);
    assert_eq!(sessions(&service, &token).await, Vec::<String>::new());
}
