//! Refresh tokens over HTTP, at times that the test decides.

use reqwest::{Method, Response};
use serde_json::{Value, json};
use testing::forge::claims;

use crate::rotation::{Fixture, LEAD, ROTATION};
use crate::running::PASSWORD;

const DAY: i64 = 86_400;
/// One second more than the window's default.
const AFTER_THE_WINDOW: i64 = 31;

impl Fixture {
    async fn form(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let request = self.client.post(format!("{}{path}", self.url)).form(form);
        request.send().await.unwrap()
    }

    /// Logs in and returns the token response.
    async fn begin(&self) -> Value {
        let form = [("username", "johndoe"), ("password", PASSWORD)];
        let response = self.form("/token", &form).await;
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// Returns status and body of a refresh.
    async fn refresh(&self, response: &Value) -> (u16, Value) {
        let token = response["refresh_token"].as_str().unwrap();
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let response = self.form("/token", &form).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn refreshed(&self, response: &Value) -> Value {
        let (status, body) = self.refresh(response).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn is_rejected(&self, response: &Value) {
        let (status, body) = self.refresh(response).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")), "{body}");
    }

    async fn status(&self, method: Method, path: &str, response: &Value, body: &Value) -> u16 {
        let token = response["access_token"].as_str().unwrap();
        let request = self.client.request(method, format!("{}{path}", self.url));
        let response = request.bearer_auth(token).json(body).send().await.unwrap();
        response.status().as_u16()
    }

    async fn me(&self, response: &Value) -> u16 {
        self.status(Method::GET, "/users/me", response, &Value::Null)
            .await
    }
}

#[tokio::test]
async fn t_19_a_refresh_keeps_the_session_and_the_time_of_the_log_in() {
    let fixture = Fixture::new().await;
    let first = fixture.begin().await;
    let before = claims(first["access_token"].as_str().unwrap());
    assert_eq!(
        (before["auth_time"].as_i64(), first["expires_in"].as_i64()),
        (before["iat"].as_i64(), Some(60))
    );
    fixture.pass(AFTER_THE_WINDOW);
    let second = fixture.refreshed(&first).await;
    let members = |response: &Value| response.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&second), members(&first));
    let after = claims(second["access_token"].as_str().unwrap());
    for kept in ["iss", "aud", "sub", "client_id", "auth_time", "sid"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    for new in ["iat", "exp", "jti"] {
        assert_ne!(after[new], before[new], "{new}");
    }
    // None was granted, and none is narrower than none.
    let token = second["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("scope", "links:write"),
    ];
    let response: Value = fixture.form("/token", &form).await.json().await.unwrap();
    assert_eq!(response["error"], "invalid_scope");
    assert_ne!(fixture.begin().await["refresh_token"], first["refresh_token"]);
}

#[tokio::test]
async fn s_02_a_reuse_ends_the_session_also_for_its_access_tokens() {
    let fixture = Fixture::new().await;
    let (first, other) = (fixture.begin().await, fixture.begin().await);
    fixture.pass(AFTER_THE_WINDOW);
    let second = fixture.refreshed(&first).await;
    fixture.pass(AFTER_THE_WINDOW - 1);
    assert_eq!(
        fixture.refreshed(&first).await["refresh_token"],
        second["refresh_token"]
    );
    assert_eq!(fixture.me(&second).await, 200);
    fixture.pass(1);
    fixture.is_rejected(&first).await;
    fixture.is_rejected(&second).await;
    assert_eq!(fixture.me(&second).await, 401);
    assert_eq!(fixture.me(&other).await, 200, "another session of the same user");
}

#[tokio::test]
async fn s_03_a_session_expires_7_days_after_its_use_and_30_after_its_log_in() {
    // A key of this fixture would sign for two hours.
    let fixture = Fixture::with_variables(&[("KEY_ROTATION_SECONDS", "31536000")]).await;
    let unused = fixture.begin().await;
    fixture.pass(7 * DAY - 1);
    let mut used = fixture.begin().await;
    fixture.pass(1);
    fixture.is_rejected(&unused).await;
    for days in [6, 6, 6, 6, 5] {
        fixture.pass(days * DAY);
        used = fixture.refreshed(&used).await;
    }
    // In the last hour: no access token outlives its session.
    fixture.pass(DAY - 11);
    used = fixture.refreshed(&used).await;
    assert_eq!(used["expires_in"], 10);
    assert_eq!(fixture.me(&used).await, 200);
    fixture.pass(10);
    fixture.is_rejected(&used).await;
    assert_eq!(fixture.me(&used).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_outlives_the_rotations_of_its_keys() {
    let fixture = Fixture::new().await;
    let (kept, mut used) = (fixture.begin().await, fixture.begin().await);
    for _ in 0..5 {
        fixture.rotate().await;
        fixture.pass(ROTATION);
        used = fixture.refreshed(&used).await;
    }
    fixture.refreshed(&kept).await;
    fixture.drop_key("*").await;
    fixture.pass(LEAD / 72);
    fixture.is_rejected(&used).await;
    assert_eq!(fixture.begin().await["token_type"], "bearer");
}

#[tokio::test]
async fn r_01_a_revocation_ends_the_session_whatever_the_token_and_the_hint() {
    let fixture = Fixture::new().await;
    for (token, hint) in [
        ("refresh_token", None),
        ("refresh_token", Some("access_token")),
        ("access_token", Some("refresh_token")),
        ("access_token", Some("anything")),
    ] {
        let response = fixture.begin().await;
        let token = response[token].as_str().unwrap();
        let mut form = vec![("token", token)];
        form.extend(hint.map(|hint| ("token_type_hint", hint)));
        for _ in 0..2 {
            let revoked = fixture.form("/revoke", &form).await;
            assert_eq!(
                (revoked.status().as_u16(), &*revoked.bytes().await.unwrap()),
                (200, &b""[..])
            );
        }
        fixture.is_rejected(&response).await;
        assert_eq!(fixture.me(&response).await, 401);
    }
    for foreign in ["x", "a.b.c", &"x".repeat(3000)] {
        assert_eq!(fixture.form("/revoke", &[("token", foreign)]).await.status(), 200);
    }
}

#[tokio::test]
async fn r_02_a_revocation_without_a_token_is_an_invalid_request() {
    let fixture = Fixture::new().await;
    for form in [
        &[("token_type_hint", "x")][..],
        &[("token", "")],
        &[("token", "a"), ("token", "b")],
    ] {
        let response = fixture.form("/revoke", form).await;
        assert_eq!(response.status(), 400);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"], "invalid_request");
    }
    let json = fixture
        .client
        .post(format!("{}/revoke", fixture.url))
        .json(&json!({}));
    assert_eq!(json.send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn n_14_without_refresh_tokens_a_new_password_ends_the_tokens_of_before() {
    let fixture = Fixture::with_variables(&[("ENABLE_REFRESH_TOKENS", "false")]).await;
    let before = fixture.begin().await;
    assert_eq!(before.get("refresh_token"), None);
    assert_eq!(claims(before["access_token"].as_str().unwrap()).get("sid"), None);
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let refused: Value = fixture.form("/token", &form).await.json().await.unwrap();
    assert_eq!(refused["error"], "unsupported_grant_type");
    let change = json!({"current_password": PASSWORD, "new_password": PASSWORD});
    // All in the same second.
    let mut token = before;
    for _ in 0..3 {
        let other = fixture.begin().await;
        let changed = fixture
            .status(Method::PUT, "/users/me/password", &token, &change)
            .await;
        assert_eq!(changed, 204);
        assert_eq!((fixture.me(&token).await, fixture.me(&other).await), (401, 401));
        token = fixture.begin().await;
        assert_eq!(fixture.me(&token).await, 200);
    }
}

#[tokio::test]
async fn a_session_has_the_address_of_its_log_ins_connection_whatever_a_header_says() {
    let fixture = Fixture::new().await;
    let elsewhere = reqwest::Client::builder().local_address(Some([127, 0, 0, 2].into()));
    let form = [("username", "johndoe"), ("password", PASSWORD)];
    let request = elsewhere.build().unwrap().post(format!("{}/token", fixture.url));
    let request = request.header("x-forwarded-for", "203.0.113.1").form(&form);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let own = fixture.begin().await;
    let request = fixture.client.get(format!("{}/sessions", fixture.url));
    let listed = request.bearer_auth(own["access_token"].as_str().unwrap()).send();
    let listed: Value = listed.await.unwrap().json().await.unwrap();
    let mut addresses: Vec<&Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|session| &session["ip"])
        .collect();
    addresses.sort_by_key(|address| address.to_string());
    assert_eq!(addresses, ["127.0.0.1", "127.0.0.2"]);
}
