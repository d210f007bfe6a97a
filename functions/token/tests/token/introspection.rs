//! What an introspection says of a token, and to whom.

use serde_json::{Value, json};
use shared::clients::GrantType;
use testing::forge::claims;

use super::clients::{Fixture, LOG_IN, is, text};

#[tokio::test]
async fn i_01_an_introspection_without_a_confidential_client_is_a_401() {
    let fixture = Fixture::new().await;
    let client = fixture.client(false, &[GrantType::ClientCredentials]).await;
    let public = fixture.client(true, &[GrantType::Password]).await;
    for form in [
        "token=x".to_owned(),
        "token=x&client_id=made-up&client_secret=x".to_owned(),
        format!("token=x&client_id={}", public.id),
        format!("token=x&client_id={}&client_secret=wrong", client.id),
    ] {
        let answer = fixture.post("/introspect", &form, None).await;
        is(&answer, 401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"latchkey\"");
    }
    is(
        &fixture.post("/introspect", "", Some(&client.basic())).await,
        400,
        "invalid_request",
    );
}

#[tokio::test]
async fn i_02_a_token_of_no_use_is_inactive_and_nothing_else_is_said() {
    let fixture = Fixture::new().await;
    let client = fixture.client(false, &[GrantType::ClientCredentials]).await;
    let inactive = json!({"active": false});
    let answer = fixture.token(LOG_IN).await;
    let (access, refresh) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    for token in ["x", "x.y.z", refresh] {
        assert_eq!(fixture.introspect(&client, token).await, inactive, "{token}");
    }
    assert_eq!(fixture.introspect(&client, access).await["active"], true);
    assert_eq!(
        fixture
            .post("/revoke", &format!("token={refresh}"), None)
            .await
            .status,
        200
    );
    assert_eq!(fixture.introspect(&client, access).await, inactive, "ended");
    let answer = fixture.token(LOG_IN).await;
    fixture.time.pass(1_799);
    assert_eq!(
        fixture.introspect(&client, text(&answer, "access_token")).await["active"],
        true
    );
    fixture.time.pass(1);
    assert_eq!(
        fixture.introspect(&client, text(&answer, "access_token")).await,
        inactive,
        "expired"
    );
    fixture
        .deployment
        .table()
        .set(&fixture.user, "disabled", json!({"BOOL": true}))
        .await;
    fixture.time.pass(-1_800);
    assert_eq!(
        fixture.introspect(&client, text(&answer, "access_token")).await,
        inactive,
        "its user is disabled"
    );
    let own = fixture
        .token(&format!("grant_type=client_credentials&{}", client.form()))
        .await;
    assert!(fixture.clients.delete(&client.id).await.unwrap());
    let other = fixture.client(false, &[GrantType::ClientCredentials]).await;
    assert_eq!(
        fixture.introspect(&other, text(&own, "access_token")).await,
        inactive,
        "its client is gone"
    );
}

#[tokio::test]
async fn i_02_a_refresh_token_that_no_refresh_accepts_any_more_is_inactive() {
    let fixture = Fixture::new().await;
    let client = fixture
        .client(false, &[GrantType::Password, GrantType::RefreshToken])
        .await;
    let answer = fixture.token(&format!("{LOG_IN}&{}", client.form())).await;
    let refresh = text(&answer, "refresh_token");
    let lived = |described: &Value| described["exp"].as_i64().unwrap() - 1_800_000_000;
    assert!(lived(&fixture.introspect(&client, refresh).await) > 60);
    let fixture = fixture.restarted("SESSION_IDLE_SECONDS", "60").await;
    let fixture = fixture.restarted("SESSION_SECONDS", "60").await;
    assert_eq!(lived(&fixture.introspect(&client, refresh).await), 60);
    fixture.time.pass(60);
    let inactive = json!({"active": false});
    assert_eq!(fixture.introspect(&client, refresh).await, inactive, "too old");
    fixture.time.pass(-60);
    let fixture = fixture.restarted("ENABLE_REFRESH_TOKENS", "false").await;
    assert_eq!(
        fixture.introspect(&client, refresh).await,
        inactive,
        "switched off"
    );
}

#[tokio::test]
async fn i_03_an_active_token_is_described_and_a_refresh_token_to_its_client_alone() {
    let fixture = Fixture::new().await;
    let all = [GrantType::Password, GrantType::RefreshToken];
    let (own, other) = (
        fixture.client(false, &all).await,
        fixture.client(false, &all).await,
    );
    let answer = fixture.token(&format!("{LOG_IN}&scope=b&{}", own.form())).await;
    let access = text(&answer, "access_token");
    let claims = claims(access);
    let described = fixture.introspect(&other, access).await;
    for member in ["iss", "sub", "aud", "client_id", "scope", "exp", "iat", "jti"] {
        assert_eq!(described[member], claims[member], "{member}");
    }
    assert_eq!(
        (
            &described["active"],
            &described["token_type"],
            &described["username"]
        ),
        (&json!(true), &json!("bearer"), &json!("johndoe"))
    );
    let refresh = text(&answer, "refresh_token");
    assert_eq!(
        fixture.introspect(&other, refresh).await,
        json!({"active": false})
    );
    let described = fixture.introspect(&own, refresh).await;
    assert_eq!(
        (
            &described["active"],
            &described["client_id"],
            &described["scope"],
            &described["token_type"]
        ),
        (&json!(true), &json!(own.id), &json!("b"), &json!("refresh_token"))
    );
    let item = fixture
        .deployment
        .table()
        .item(&format!("client#{}", own.id), "client")
        .await;
    assert!(
        !item.to_string().contains(&own.secret),
        "the secret is not stored"
    );
}
