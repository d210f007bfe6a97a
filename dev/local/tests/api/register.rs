use serde_json::json;

use crate::running::{PASSWORD, Response, Running, at_once};

#[tokio::test]
async fn a_user_is_created_and_shown_with_every_field_as_typed() {
    let service = Running::start().await;
    let response = service
        .register(json!({
            "username": "JohnDoe", "email": "John@Example.com", "full_name": " John  Doe ",
            "website": "https://example.com", "password": PASSWORD,
        }))
        .await;
    assert_eq!(response.status, 201, "{response:?}");
    assert_eq!(response.header("location"), "/users/me");
    assert_eq!(response.header("content-type"), "application/json");
    response.has_common_headers();
    let members: Vec<&str> = response
        .body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "created_at",
            "disabled",
            "email",
            "full_name",
            "id",
            "updated_at",
            "username",
            "website"
        ]
    );
    assert_eq!(response.body["username"], "JohnDoe");
    assert_eq!(response.body["email"], "John@Example.com");
    assert_eq!(response.body["full_name"], " John  Doe ");
    assert_eq!(response.body["website"], "https://example.com");
    assert_eq!(response.body["disabled"], false);
    assert_eq!(response.body["created_at"], response.body["updated_at"]);
    let created = response.body["created_at"].as_str().unwrap();
    assert_eq!(
        (created.len(), created.ends_with('Z')),
        ("2026-11-23T20:47:00Z".len(), true)
    );
    assert_eq!(response.body["id"].as_str().unwrap().len(), 26);
}

#[tokio::test]
async fn a_field_that_was_not_given_is_null() {
    let service = Running::start().await;
    let only_email = service
        .register(json!({"email": "a@example.com", "username": null, "password": PASSWORD}))
        .await;
    assert_eq!(only_email.status, 201, "{only_email:?}");
    for field in ["username", "full_name", "website"] {
        assert!(only_email.body.as_object().unwrap()[field].is_null(), "{field}");
    }
    let only_username = service
        .register(json!({"username": "a", "password": PASSWORD}))
        .await;
    assert!(only_username.body.as_object().unwrap()["email"].is_null());
}

#[tokio::test]
async fn users_is_an_alias_of_register() {
    let service = Running::start().await;
    let request = service
        .request("POST", "/users")
        .json(&json!({"username": "a", "password": PASSWORD}));
    assert_eq!(Response::of(request).await.status, 201);
    assert_eq!(
        service
            .register(json!({"username": "a", "password": PASSWORD}))
            .await
            .status,
        409
    );
}

#[tokio::test]
async fn name_and_surname_are_joined_into_the_full_name() {
    let service = Running::start().await;
    let mut count = 0;
    let mut register = async |more: serde_json::Value| {
        count += 1;
        let mut body = json!({"username": format!("user{count}"), "password": PASSWORD});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        service.register(body).await
    };
    assert_eq!(
        register(json!({"name": "John", "surname": "Doe"})).await.body["full_name"],
        "John Doe"
    );
    assert_eq!(register(json!({"name": "John"})).await.body["full_name"], "John");
    assert_eq!(
        register(json!({"surname": "Doe", "name": null})).await.body["full_name"],
        "Doe"
    );
    assert_eq!(
        register(json!({"full_name": "JD", "name": null})).await.body["full_name"],
        "JD"
    );
    let beside = register(json!({"full_name": "JD", "name": "John", "surname": "Doe"})).await;
    assert_eq!(beside.status, 422);
    assert_eq!(beside.errors(), [("name", "invalid"), ("surname", "invalid")]);
    let long = register(json!({"name": "x".repeat(150), "surname": "x".repeat(50)})).await;
    assert_eq!(
        (long.status, long.errors()),
        (422, vec![("full_name", "too_long")])
    );
}

#[tokio::test]
async fn p_01_errors_are_problem_documents_with_all_broken_rules_at_once() {
    let service = Running::start().await;
    let response = service
        .register(json!({
            "username": "a b", "email": "nobody", "full_name": "", "website": "example.com", "password": "short",
            "admin": true, "Password": null,
        }))
        .await;
    response.is_problem(422, response.body["detail"].as_str().unwrap());
    let mut errors = response.errors();
    errors.sort_unstable();
    assert_eq!(
        errors,
        [
            ("Password", "unknown"),
            ("admin", "unknown"),
            ("email", "invalid"),
            ("full_name", "too_short"),
            ("password", "too_short"),
            ("username", "invalid"),
            ("website", "invalid"),
        ]
    );
    assert!(
        response.body.get("error").is_none(),
        "that member is for bearer challenges"
    );
    for value in ["a b", "nobody", "short"] {
        assert!(
            !response.body.to_string().contains(&format!("\"{value}\"")),
            "{value} is echoed"
        );
    }
}

#[tokio::test]
async fn each_rule_has_its_code() {
    let service = Running::start().await;
    for (field, value, code) in [
        ("username", json!(""), "too_short"),
        ("username", json!("x".repeat(65)), "too_long"),
        ("username", json!("a@example.com"), "invalid"),
        ("username", json!(1), "type"),
        ("email", json!(""), "too_short"),
        (
            "email",
            json!(format!("{}@example.com", "x".repeat(250))),
            "too_long",
        ),
        ("email", json!("\"john doe\"@example.com"), "invalid"),
        ("email", json!(["a@example.com"]), "type"),
        ("full_name", json!("x".repeat(201)), "too_long"),
        ("full_name", json!("a\u{0}"), "invalid"),
        ("website", json!("javascript:alert(1)"), "invalid"),
        ("website", json!(false), "type"),
        ("name", json!({}), "type"),
        ("surname", json!(""), "too_short"),
        ("password", json!("7 chars"), "too_short"),
        ("password", json!("x".repeat(1025)), "too_long"),
        ("password", json!(12_345_678), "type"),
        ("password", json!(null), "required"),
        ("password", json!(""), "too_short"),
        ("is_admin", json!(null), "unknown"),
        ("id", json!("01J"), "unknown"),
    ] {
        let mut body = json!({"username": "johndoe", "email": "a@example.com", "password": PASSWORD});
        body[field] = value.clone();
        let response = service.register(body).await;
        assert_eq!(
            (response.status, response.errors()),
            (422, vec![(field, code)]),
            "{field} {value}"
        );
    }
    assert_eq!(
        service.table.count().await,
        1,
        "nothing but the JWK Set was written"
    );
}

#[tokio::test]
async fn a_name_is_required_on_username() {
    let service = Running::start().await;
    for body in [
        json!({"password": PASSWORD}),
        json!({"username": null, "email": null, "password": PASSWORD}),
    ] {
        let response = service.register(body).await;
        assert_eq!(
            (response.status, response.errors()),
            (422, vec![("username", "required")])
        );
    }
}

#[tokio::test]
async fn a_taken_name_is_reported_by_field_and_by_message() {
    let service = Running::start().await;
    let body = json!({"username": "Straße", "email": "a@example.com", "password": PASSWORD});
    assert_eq!(service.register(body).await.status, 201);
    for (username, email, detail, fields) in [
        (
            "STRASSE",
            "b@example.com",
            "Username already taken",
            vec!["username"],
        ),
        ("other", "A@EXAMPLE.COM", "Email already taken", vec!["email"]),
        (
            "strasse",
            "a@example.com",
            "Username and email already taken",
            vec!["username", "email"],
        ),
    ] {
        let response = service
            .register(json!({"username": username, "email": email, "password": PASSWORD}))
            .await;
        response.is_problem(409, detail);
        let taken: Vec<_> = fields.into_iter().map(|field| (field, "taken")).collect();
        assert_eq!(response.errors(), taken);
    }
}

#[tokio::test]
async fn a_registration_rejected_for_its_email_leaves_its_username_free() {
    let service = Running::start().await;
    assert_eq!(
        service
            .register(json!({"email": "a@example.com", "password": PASSWORD}))
            .await
            .status,
        201
    );
    let rejected = json!({"username": "johndoe", "email": "a@example.com", "password": PASSWORD});
    assert_eq!(service.register(rejected).await.status, 409);
    assert_eq!(
        service
            .register(json!({"username": "johndoe", "password": PASSWORD}))
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn what_is_not_one_json_object_is_malformed() {
    let service = Running::start().await;
    for body in [
        &b""[..],
        b"{",
        b"[]",
        b"null",
        b"\"x\"",
        b"{} {}",
        b"{\"username\":\"a\",\"username\":\"a\",\"password\":\"correct horse battery\"}",
        b"{\"username\":\"\\ud800\"}",
        b"\xef\xbb\xbf{}",
        b"username=a",
    ] {
        is_malformed(&service, body).await;
    }
}

#[tokio::test]
async fn json_that_is_no_utf_8_is_malformed() {
    let service = Running::start().await;
    is_malformed(&service, b"{\"username\":\"a\xff\"}").await;
}

async fn is_malformed(service: &Running, body: &[u8]) {
    let request = service
        .request("POST", "/register")
        .header("content-type", "application/json")
        .body(body.to_vec());
    let response = Response::of(request).await;
    response.is_problem(400, response.body["detail"].as_str().unwrap());
    assert!(response.body.get("errors").is_none());
}

#[tokio::test]
async fn only_json_is_accepted() {
    let service = Running::start().await;
    let body = json!({"username": "johndoe", "password": PASSWORD}).to_string();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/problem+json",
        "nonsense",
    ] {
        let request = service
            .request("POST", "/register")
            .header("content-type", content_type)
            .body(body.clone());
        Response::of(request)
            .await
            .is_problem(415, "Content-Type must be application/json");
    }
    let untyped = service.request("POST", "/register").body(body.clone());
    Response::of(untyped)
        .await
        .is_problem(415, "Content-Type must be application/json");
    let encoded = service
        .request("POST", "/register")
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(body.clone());
    Response::of(encoded)
        .await
        .is_problem(415, "Content-Encoding must not be used");
    let charset = service
        .request("POST", "/register")
        .header("content-type", "Application/JSON; charset=utf-8")
        .body(body);
    assert_eq!(Response::of(charset).await.status, 201);
}

#[tokio::test]
async fn a_body_over_16_kib_is_rejected_before_its_type() {
    let service = Running::start().await;
    let request = service
        .request("POST", "/register")
        .header("content-type", "text/plain")
        .body("x".repeat(16_385));
    Response::of(request)
        .await
        .is_problem(413, "The body must have at most 16384 bytes");
    let largest = format!(
        "{{\"username\":\"a\",\"padding\":\"{}\"}}",
        "x".repeat(16_384 - 29)
    );
    assert_eq!(largest.len(), 16_384);
    let request = service
        .request("POST", "/register")
        .header("content-type", "application/json")
        .body(largest);
    assert_eq!(Response::of(request).await.status, 422);
}

#[tokio::test]
async fn one_of_24_clients_gets_the_username_that_all_register_at_once() {
    let service = Running::start().await;
    let register = |number: usize| {
        service.register(json!({
            "username": "johndoe", "email": format!("john{number}@example.com"), "password": PASSWORD,
        }))
    };
    let responses = at_once((0..24).map(register)).await;
    let with = |status: u16| {
        responses
            .iter()
            .filter(|response| response.status == status)
            .count()
    };
    assert_eq!((with(201), with(409)), (1, 23), "{responses:?}");
    // One user with two markers, and the JWK Set: the other clients left nothing.
    assert_eq!(service.table.count().await, 4);
    for (number, response) in responses
        .iter()
        .enumerate()
        .filter(|(_, response)| response.status == 409)
    {
        assert_eq!(response.errors(), [("username", "taken")]);
        let again = json!({"email": format!("john{number}@example.com"), "password": PASSWORD});
        assert_eq!(service.register(again).await.status, 201);
    }
}

#[tokio::test]
async fn each_of_64_clients_that_register_64_names_at_once_gets_its_name() {
    let service = Running::start().await;
    let register =
        |number: usize| service.register(json!({"username": format!("user{number}"), "password": PASSWORD}));
    let responses = at_once((0..64).map(register)).await;
    assert!(
        responses.iter().all(|response| response.status == 201),
        "{responses:?}"
    );
}
