//! What stands in an access token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::running::{PASSWORD, Response, Running};

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Returns header and claims of a token, unverified.
pub(crate) fn parts(token: &str) -> (Value, Value) {
    let parts: Vec<&str> = token.split('.').collect();
    (decoded(parts[0]), decoded(parts[1]))
}

#[tokio::test]
async fn j_01_the_header_says_access_token_rs256_and_the_key() {
    let service = Running::start().await;
    let (header, _) = parts(&service.token("johndoe").await);
    let expected = service.forger("x").header;
    assert_eq!(header, expected);
    assert_eq!(
        (&header["typ"], &header["alg"]),
        (&json!("at+jwt"), &json!("RS256"))
    );
}

#[tokio::test]
async fn j_02_the_claims_are_those_of_rfc_9068_and_nothing_personal() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    let response = service.log_in("johndoe", PASSWORD).await;
    let token = response.body["access_token"].as_str().unwrap();
    let (_, claims) = parts(token);
    let names: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "aud",
            "auth_time",
            "client_id",
            "exp",
            "iat",
            "iss",
            "jti",
            "sid",
            "sub"
        ]
    );
    assert_eq!(claims["iss"], service.issuer);
    assert_eq!(claims["aud"], service.issuer);
    assert_eq!(claims["sub"], id);
    assert_eq!(claims["client_id"], "latchkey");
    assert_eq!(claims["auth_time"], claims["iat"]);
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        1800
    );
    assert_eq!(response.body["expires_in"], 1800);
    assert!(!token.contains(&URL_SAFE_NO_PAD.encode("johndoe")));
    let again = service.log_in("johndoe", PASSWORD).await;
    assert_ne!(
        parts(again.body["access_token"].as_str().unwrap()).1["jti"],
        claims["jti"]
    );
}

#[tokio::test]
async fn issuer_and_audience_never_come_from_a_request() {
    let service = Running::start_with(&[("AUDIENCE", "https://api.example.com"), ("CLIENT_ID", "cli")]).await;
    service.user("johndoe").await;
    let request = service
        .request("POST", "/token")
        .header("host", "evil.example.com")
        .header("x-forwarded-host", "evil.example.com")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("username=johndoe&password=correct+horse+battery&client_id=evil");
    let response = Response::of(request).await;
    let token = response.body["access_token"].as_str().unwrap();
    let (_, claims) = parts(token);
    assert_eq!(claims["iss"], service.issuer);
    assert_eq!(claims["aud"], "https://api.example.com");
    assert_eq!(claims["client_id"], "cli");
    assert_eq!(service.me(&format!("Bearer {token}")).await.status, 200);
}
