//! What OAuth clients see of `POST /token` beyond the form itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::deployed::Deployed;
use crate::running::{PASSWORD, Response, Running};

const GOOD: &str = "username=johndoe&password=correct+horse+battery";

async fn with_basic(service: &Running, basic: &str) -> Response {
    let request = service
        .request("POST", "/token")
        .header("authorization", basic)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("grant_type=password&{GOOD}"));
    Response::of(request).await
}

#[tokio::test]
async fn t_06_parameters_that_are_not_known_are_ignored_also_twice() {
    let service = Running::start().await;
    service.user("johndoe").await;
    let response = service
        .form(&format!("{GOOD}&foo=1&foo=2&audience=x&resource="))
        .await;
    assert_eq!(response.status, 200, "{response:?}");
}

#[tokio::test]
async fn t_10_an_empty_pair_in_basic_is_no_client_authentication() {
    let service = Running::start().await;
    service.user("johndoe").await;
    assert_eq!(with_basic(&service, "Basic Og==").await.status, 200);
    let cli = format!("Basic {}", STANDARD.encode("cli:"));
    assert_eq!(with_basic(&service, &cli).await.status, 200);
}

#[tokio::test]
async fn t_12_a_scope_that_is_not_one_or_not_allowed_is_never_granted() {
    let service = Running::start().await;
    service.user("johndoe").await;
    for scope in [
        "read",
        "me",
        "read+write",
        "%22",
        "%5C",
        "+",
        "a++b",
        "%C3%A4",
        "%0A",
    ] {
        service
            .form(&format!("{GOOD}&scope={scope}"))
            .await
            .is_oauth(400, "invalid_scope");
    }
}

#[tokio::test]
async fn t_13_nothing_granted_and_nothing_asked_for_has_no_scope_in_the_response() {
    let service = Running::start().await;
    service.user("johndoe").await;
    for form in [GOOD.to_owned(), format!("{GOOD}&scope=")] {
        let response = service.form(&form).await;
        assert!(response.body.get("scope").is_none(), "{response:?}");
    }
}

/// What no error may show of a request.
const MARK: &str = "zq7mark";

fn is_a_description_of_ours(response: &Response, sent: &str) {
    let description = response.body["error_description"].as_str().unwrap();
    let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(description.bytes().all(allowed), "{description} for {sent}");
    assert!(
        !response.body.to_string().contains(MARK),
        "{response:?} reflects {sent}"
    );
}

/// A generator, the same at each run, of characters that break forms easily, and of any other byte.
struct Bytes(u64);

impl Bytes {
    fn below(&mut self, bound: usize) -> usize {
        // Knuth's MMIX constants; the high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn text(&mut self) -> String {
        const LIKELY: &[&str] = &[
            "%22", "%0A", "%0D", "%5C", "%00", "%C3%A4", "%FF", "%", "%zz", "+", "\"", "\\", "=",
        ];
        (0..self.below(6))
            .map(|_| match self.below(LIKELY.len() + 4) {
                index if index < LIKELY.len() => LIKELY[index].to_owned(),
                _ => format!("%{:02X}", self.below(256)),
            })
            .collect()
    }

    fn form(&mut self) -> String {
        const NAMES: &[&str] = &["grant_type", "username", "scope", "client_id"];
        (0..=self.below(4))
            .map(|_| {
                let name = match NAMES.get(self.below(NAMES.len() + 1)) {
                    Some(known) => (*known).to_owned(),
                    None => MARK.to_owned() + &self.text(),
                };
                format!("{name}={MARK}{}", self.text())
            })
            .collect::<Vec<_>>()
            .join("&")
    }
}

#[tokio::test]
async fn t_16_no_description_has_a_forbidden_character_or_reflects_what_was_sent() {
    let service = Running::start().await;
    service.user("johndoe").await;
    let nasty = format!("{MARK}%22%0A%5C%3Cscript%3E");
    let forms = [
        format!("grant_type={nasty}"),
        format!("{nasty}={nasty}"),
        format!("username={nasty}&password={nasty}"),
        format!("username={nasty}&username={nasty}"),
        format!("grant_type=password&username={nasty}"),
        format!("{GOOD}&scope={nasty}"),
        format!("username={MARK}%"),
        format!("username={MARK}%ff"),
        MARK.repeat(3_000),
    ];
    // No password among the generated ones, so none costs a hash and all of them are rejected. On a deployed stack each one takes
    // the time of an invocation, and what it shows is the function's and not the gateway's.
    let generated = if Deployed::is_named() { 50 } else { 500 };
    let mut bytes = Bytes(16);
    let forms = forms.into_iter().chain((0..generated).map(|_| bytes.form()));
    for form in forms {
        let response = service.form(&form).await;
        assert!((400..500).contains(&response.status), "{response:?} for {form}");
        is_a_description_of_ours(&response, &form);
    }
    let json = service
        .request("POST", "/token")
        .header("content-type", format!("application/json; x={MARK}"))
        .body(format!("{{\"{MARK}\": 1}}"));
    is_a_description_of_ours(&Response::of(json).await, "JSON");
}

#[tokio::test]
async fn t_17_the_401_has_a_challenge_and_the_400s_have_none() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    let wrong = service.log_in("johndoe", "wrong").await;
    assert_eq!(
        (wrong.status, wrong.header("www-authenticate")),
        (401, "Bearer realm=\"latchkey\"")
    );
    service
        .table
        .set(&id, "disabled", serde_json::json!({"BOOL": true}))
        .await;
    for form in ["", "grant_type=x", "grant_type=password", "a=%", GOOD] {
        let response = service.form(form).await;
        assert_eq!(
            (response.status, response.header("www-authenticate")),
            (400, ""),
            "{form}"
        );
    }
}

#[tokio::test]
async fn t_18_a_success_is_200_and_nothing_else() {
    let service = Running::start().await;
    service.user("johndoe").await;
    assert_eq!(service.log_in("johndoe", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn b_07_the_error_of_a_challenge_stands_in_the_body_too() {
    let service = Running::start().await;
    for (authorization, error) in [("Bearer x", "invalid_token"), ("Bearer", "invalid_request")] {
        let response = service.me(authorization).await;
        assert!(
            response
                .header("www-authenticate")
                .contains(&format!("error=\"{error}\""))
        );
        assert_eq!(response.body["error"], error);
    }
}

#[tokio::test]
async fn s_01_one_parameter_turns_the_password_grant_off() {
    let service = Running::start_with(&[("ENABLE_PASSWORD_GRANT", "false")]).await;
    service.user("johndoe").await;
    for form in [
        GOOD.to_owned(),
        format!("grant_type=password&{GOOD}"),
        "grant_type=password".to_owned(),
    ] {
        service.form(&form).await.is_oauth(400, "unsupported_grant_type");
    }
}

#[tokio::test]
async fn s_06_a_token_is_for_one_audience_and_lives_as_long_as_is_configured() {
    let variables = [
        ("ACCESS_TOKEN_SECONDS", "900"),
        ("AUDIENCE", "https://api.example.com"),
    ];
    let service = Running::start_with(&variables).await;
    let id = service.user("johndoe").await;
    let response = service.log_in("johndoe", PASSWORD).await;
    assert_eq!(response.body["expires_in"], 900);
    let claims = testing::forge::claims(response.body["access_token"].as_str().unwrap());
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        900
    );
    let with_audience = |audience: &str| {
        service.forger(&id).token(|_, claims| {
            claims["aud"] = serde_json::json!(audience);
            claims["exp"] = serde_json::json!(claims["iat"].as_i64().unwrap() + 900);
        })
    };
    let ours = with_audience("https://api.example.com");
    assert_eq!(service.me(&format!("Bearer {ours}")).await.status, 200);
    let issuers = with_audience(&service.issuer);
    assert_eq!(service.me(&format!("Bearer {issuers}")).await.status, 401);
}
