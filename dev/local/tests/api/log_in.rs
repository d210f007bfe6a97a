//! Log-in by the names and passwords of users.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::running::{PASSWORD, Response, Running};

#[tokio::test]
async fn a_user_logs_in_by_username_or_email_however_it_is_written() {
    let service = Running::start().await;
    let body = json!({"username": "Straße", "email": "John.Doe@Bücher.example", "password": PASSWORD});
    assert_eq!(service.register(body).await.status, 201);
    for name in [
        "Straße",
        "STRASSE",
        "strasse",
        "john.doe@xn--bcher-kva.example",
        "JOHN.DOE@BÜCHER.EXAMPLE",
    ] {
        assert_eq!(service.log_in(name, PASSWORD).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_username_is_never_found_as_an_email_nor_an_email_as_a_username() {
    let service = Running::start().await;
    let body = json!({"email": "johndoe@example.com", "password": PASSWORD});
    assert_eq!(service.register(body).await.status, 201);
    service
        .log_in("johndoe", PASSWORD)
        .await
        .is_oauth(401, "invalid_grant");
    assert_eq!(service.log_in("johndoe@example.com", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_password_is_the_same_in_every_unicode_form() {
    let service = Running::start().await;
    let body = json!({"username": "johndoe", "password": "pa\u{301}ssw\u{f6}rd"});
    assert_eq!(service.register(body).await.status, 201);
    assert_eq!(
        service.log_in("johndoe", "p\u{e1}sswo\u{308}rd").await.status,
        200
    );
}

#[tokio::test]
async fn the_right_password_of_a_disabled_user_is_an_invalid_grant() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    service.table.set(&id, "disabled", json!({"BOOL": true})).await;
    let response = service.log_in("johndoe", PASSWORD).await;
    response.is_oauth(400, "invalid_grant");
    assert_eq!(response.body["detail"], "Inactive user");
    // A wrong one reveals nothing.
    service
        .log_in("johndoe", "wrong horse battery")
        .await
        .is_oauth(401, "invalid_grant");
}

#[tokio::test]
async fn a_scope_that_is_not_granted_is_told_to_the_right_password_alone() {
    let service = Running::start().await;
    service.user("johndoe").await;
    for scope in ["read", "read+write", "%22"] {
        service
            .form(&format!(
                "username=johndoe&password=correct+horse+battery&scope={scope}"
            ))
            .await
            .is_oauth(400, "invalid_scope");
    }
    service
        .form("username=johndoe&password=wrong&scope=read")
        .await
        .is_oauth(401, "invalid_grant");
}

#[tokio::test]
async fn client_credentials_are_ignored_in_the_form_and_in_basic() {
    let service = Running::start().await;
    service.user("johndoe").await;
    let form = "username=johndoe&password=correct+horse+battery&client_id=any&client_secret=any";
    for basic in [
        "Basic Og==",
        &format!("Basic {}", STANDARD.encode("cli:")),
        "Basic nonsense",
    ] {
        let request = service
            .request("POST", "/token")
            .header("authorization", basic)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        assert_eq!(Response::of(request).await.status, 200, "{basic}");
    }
}

#[tokio::test]
async fn a_slash_at_the_end_is_the_same_route_and_anything_more_is_not() {
    let service = Running::start().await;
    service.user("johndoe").await;
    let post = async |path: &str| {
        let request = service
            .request("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("username=johndoe&password=correct+horse+battery");
        Response::of(request).await
    };
    assert_eq!(post("/token/").await.status, 200);
    for path in ["/token/more", "/token/more/", "/token//"] {
        let response = post(path).await;
        assert_eq!(
            (response.status, response.body),
            (404, json!({"message": "Not Found"})),
            "{path}"
        );
    }
}
