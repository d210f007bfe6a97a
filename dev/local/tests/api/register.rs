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
            "email_verified",
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
async fn a_slash_at_the_end_is_the_same_route_and_anything_more_is_not() {
    let service = Running::start().await;
    for path in ["/register", "/users"] {
        let post = async |end: &str| {
            let username = path.trim_start_matches('/');
            let request = service
                .request("POST", &format!("{path}{end}"))
                .json(&json!({"username": username, "password": PASSWORD}));
            Response::of(request).await
        };
        for end in ["/more", "/more/", "//"] {
            let response = post(end).await;
            assert_eq!(
                (response.status, response.body),
                (404, json!({"message": "Not Found"})),
                "{path}{end}"
            );
        }
        assert_eq!(post("/").await.status, 201);
        assert_eq!(post("").await.status, 409);
    }
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
        ("username", json!(".."), "invalid"),
        ("username", json!("\u{301}"), "invalid"),
        ("username", json!("p\u{430}ypal"), "invalid"),
        ("email", json!(""), "too_short"),
        (
            "email",
            json!(format!("{}@example.com", "x".repeat(250))),
            "too_long",
        ),
        ("email", json!("\"john doe\"@example.com"), "invalid"),
        ("email", json!("ﬁnn@example.com"), "invalid"),
        ("email", json!(["a@example.com"]), "type"),
        ("full_name", json!("x".repeat(201)), "too_long"),
        ("full_name", json!("a\u{0}"), "invalid"),
        ("website", json!("javascript:alert(1)"), "invalid"),
        (
            "website",
            json!(format!("https://example.com/{}", "x".repeat(2029))),
            "too_long",
        ),
        ("website", json!(false), "type"),
        ("name", json!({}), "type"),
        ("surname", json!(""), "too_short"),
        ("password", json!("7 chars"), "too_short"),
        ("password", json!("x".repeat(1025)), "too_long"),
        ("password", json!(12_345_678), "type"),
        ("password", json!(null), "required"),
        ("password", json!(""), "too_short"),
        ("password", json!("\u{fdfa}"), "too_short"),
        ("password", json!("PassWord"), "common"),
        ("password", json!("JohnDoe1999!"), "common"),
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
async fn members_that_a_client_made_up_come_back_cut_and_at_most_20() {
    let service = Running::start().await;
    let mut body = json!({"username": "johndoe", "password": PASSWORD});
    for number in 10..40 {
        body[format!("{number}{}", "é".repeat(100))] = json!(null);
    }
    let response = service.register(body).await;
    let errors = response.errors();
    assert_eq!((response.status, errors.len()), (422, 20));
    for (number, (field, code)) in (10..).zip(errors) {
        assert_eq!(
            (field, code),
            (format!("{number}{}", "é".repeat(62)).as_str(), "unknown")
        );
    }
    assert!(
        !response.body.to_string().contains(&"é".repeat(63)),
        "detail, too"
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
            "Username already taken",
            vec!["username"],
        ),
    ] {
        let response = service
            .register(json!({"username": username, "email": email, "password": PASSWORD}))
            .await;
        response.is_problem(409, detail);
        // A taken username hides whether the address is, too.
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
    // One user with two markers, the network's counter and the JWK Set: the other clients left nothing.
    assert_eq!(service.table.count().await, 5);
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
