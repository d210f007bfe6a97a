use serde_json::json;

use crate::access_token::parts;
use crate::running::{PASSWORD, Response, Running};

#[tokio::test]
async fn t_01_only_post_reaches_the_handler_and_the_query_is_never_read() {
    let service = Running::start().await;
    service.user("johndoe").await;
    for method in ["GET", "PUT", "PATCH", "DELETE", "HEAD"] {
        let response = Response::of(service.request(method, "/token")).await;
        assert_eq!(response.status, 404, "{method}");
        if method != "HEAD" {
            assert_eq!(response.body, json!({"message": "Not Found"}), "{method}");
        }
    }
    let query = "/token?grant_type=password&username=johndoe&password=correct%20horse%20battery";
    let request = service
        .request("POST", query)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=password");
    Response::of(request).await.is_oauth(400, "invalid_request");
}

#[tokio::test]
async fn t_02_both_form_types_are_accepted_and_no_other() {
    let service = Running::start().await;
    service.user("johndoe").await;
    let form = "username=johndoe&password=correct+horse+battery";
    for content_type in [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-URLencoded",
        "application/x-www-form-urlencoded; charset=utf-8",
        "application/x-www-form-urlencoded;charset=UTF-8",
    ] {
        let request = service
            .request("POST", "/token")
            .header("content-type", content_type)
            .body(form);
        assert_eq!(Response::of(request).await.status, 200, "{content_type}");
    }
    let multipart = reqwest::multipart::Form::new()
        .text("username", "johndoe")
        .text("password", PASSWORD);
    let request = service.request("POST", "/token").multipart(multipart);
    assert_eq!(Response::of(request).await.status, 200);

    for content_type in ["application/json", "text/plain", "nonsense", ""] {
        let request = service
            .request("POST", "/token")
            .header("content-type", content_type)
            .body(form);
        Response::of(request).await.is_oauth(415, "invalid_request");
    }
    Response::of(service.request("POST", "/token").body(form))
        .await
        .is_oauth(415, "invalid_request");
    Response::of(service.request("POST", "/token"))
        .await
        .is_oauth(415, "invalid_request");
    let encoded = service
        .request("POST", "/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("content-encoding", "identity")
        .body(form);
    Response::of(encoded).await.is_oauth(415, "invalid_request");
}

#[tokio::test]
async fn t_03_the_form_is_utf_8_with_percent_escapes() {
    let service = Running::start().await;
    let response = service
        .register(json!({"username": "zoë", "password": "pässwörd + 100 %"}))
        .await;
    assert_eq!(response.status, 201, "{response:?}");
    for form in [
        "username=zo%C3%AB&password=p%C3%A4ssw%C3%B6rd+%2B+100+%25",
        "username=zoë&password=pässwörd%20%2b%20100%20%25",
    ] {
        assert_eq!(service.form(form).await.status, 200, "{form}");
    }
    for form in [
        "username=a&password=100%",
        "username=a&password=%2",
        "username=a&password=%zz",
        "%=a",
    ] {
        let response = service.form(form).await;
        response.is_oauth(400, "invalid_request");
        assert!(
            response.body["detail"].as_str().unwrap().contains("%25"),
            "{response:?}"
        );
    }
    for form in [
        &b"username=a&password=%ff"[..],
        &b"username=a&password=\xc3"[..],
        &b"\xff=a"[..],
    ] {
        service.form_bytes(form).await.is_oauth(400, "invalid_request");
    }
}

#[tokio::test]
async fn t_03_a_broken_multipart_body_is_an_invalid_request() {
    let service = Running::start().await;
    let post = async |content_type: &str, body: &[u8]| {
        let request = service
            .request("POST", "/token")
            .header("content-type", content_type)
            .body(body.to_vec());
        Response::of(request).await.is_oauth(400, "invalid_request");
    };
    let part = "--b\r\ncontent-disposition: form-data; name=\"username\"\r\n\r\njohndoe\r\n";
    post("multipart/form-data", part.as_bytes()).await;
    post("multipart/form-data; boundary=b", part.as_bytes()).await;
    post("multipart/form-data; boundary=b", b"nothing of the kind").await;
    post(
        "multipart/form-data; boundary=b",
        b"--b\r\ncontent-disposition: form-data\r\n\r\nx\r\n--b--\r\n",
    )
    .await;
    let not_utf_8 = b"--b\r\ncontent-disposition: form-data; name=\"username\"\r\n\r\n\xff\r\n--b--\r\n";
    post("multipart/form-data; boundary=b", not_utf_8).await;
}

#[tokio::test]
async fn t_04_a_known_parameter_that_comes_twice_is_rejected() {
    let service = Running::start().await;
    for name in [
        "grant_type",
        "username",
        "password",
        "scope",
        "client_id",
        "client_secret",
    ] {
        for twice in [
            format!("{name}=a&{name}=a"),
            format!("{name}=a&x=1&{name}=b"),
            format!("{name}=&{name}="),
        ] {
            let response = service.form(&format!("username=u&password=p&{twice}")).await;
            response.is_oauth(400, "invalid_request");
            assert!(
                response.body["detail"].as_str().unwrap().contains(name),
                "{response:?}"
            );
        }
    }
    let multipart = reqwest::multipart::Form::new()
        .text("scope", "a")
        .text("scope", "b");
    Response::of(service.request("POST", "/token").multipart(multipart))
        .await
        .is_oauth(400, "invalid_request");
}

#[tokio::test]
async fn t_05_an_empty_parameter_counts_as_not_sent() {
    let service = Running::start().await;
    service.user("johndoe").await;
    let good = "username=johndoe&password=correct+horse+battery";
    for empty in ["scope=", "client_id=&client_secret=", "grant_type="] {
        let response = service.form(&format!("{good}&{empty}")).await;
        assert_eq!(response.status, 200, "{empty}: {response:?}");
    }
    service
        .form("grant_type=password&username=&password=x")
        .await
        .is_oauth(400, "invalid_request");
    service
        .form("grant_type=password&username=x&password=")
        .await
        .is_oauth(400, "invalid_request");
    // Counted before empty ones are dropped.
    service
        .form(&format!("{good}&username="))
        .await
        .is_oauth(400, "invalid_request");
}

#[tokio::test]
async fn t_07_the_grant_type_may_be_left_out_beside_username_and_password_alone() {
    let service = Running::start().await;
    service.user("johndoe").await;
    for (form, missing) in [
        ("", "grant_type"),
        ("username=&password=", "grant_type"),
        ("username=a", "password"),
        ("password=a", "username"),
        ("grant_type=&username=a", "password"),
    ] {
        let response = service.form(form).await;
        response.is_oauth(400, "invalid_request");
        assert_eq!(
            response.body["detail"],
            format!("The parameter {missing} is missing"),
            "{form}"
        );
    }
    for form in ["grant_type=authorization_code", "grant_type=Password"] {
        service.form(form).await.is_oauth(400, "unsupported_grant_type");
    }
    // The grant is looked at before its parameters, and doubled ones before the grant.
    service
        .form("grant_type=implicit&username=a")
        .await
        .is_oauth(400, "unsupported_grant_type");
    service
        .form("grant_type=implicit&username=a&username=b")
        .await
        .is_oauth(400, "invalid_request");
    for (form, missing) in [
        ("grant_type=password&password=x", "username"),
        ("grant_type=password&username=x", "password"),
    ] {
        let response = service.form(form).await;
        response.is_oauth(400, "invalid_request");
        assert!(
            response.body["detail"].as_str().unwrap().contains(missing),
            "{response:?}"
        );
    }
}

#[tokio::test]
async fn t_08_a_wrong_password_and_an_unknown_user_get_the_same_response() {
    let service = Running::start().await;
    service.user("johndoe").await;
    let long = "x".repeat(10_000);
    let too_long_password = "x".repeat(1025);
    let attempts = [
        ("johndoe", "wrong horse battery"),
        ("nobody", "wrong horse battery"),
        ("no body", "x"),
        ("nobody@example.com", "wrong horse battery"),
        ("@", "x"),
        (long.as_str(), "x"),
        ("johndoe", too_long_password.as_str()),
        ("johndoe", "short"),
    ];
    let mut seen = Vec::new();
    for (username, password) in attempts {
        let response = service.log_in(username, password).await;
        response.is_oauth(401, "invalid_grant");
        assert_eq!(response.header("www-authenticate"), "Bearer realm=\"latchkey\"");
        let mut headers = response.headers.clone();
        // The gateway sets it anew in each response.
        headers.remove("date");
        headers.remove("apigw-requestid");
        seen.push((response.body.to_string(), headers));
    }
    for other in &seen[1..] {
        assert_eq!(other, &seen[0]);
    }
    assert_eq!(seen[0].0, json!({"error": "invalid_grant", "error_description": "Incorrect username or password", "detail": "Incorrect username or password"}).to_string());
}

#[tokio::test]
async fn t_14_the_token_response_is_that_of_rfc_6749() {
    let service = Running::start().await;
    service.user("johndoe").await;
    let response = service
        .form("grant_type=password&username=johndoe&password=correct+horse+battery")
        .await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), "application/json");
    let body = response.body.as_object().unwrap();
    let members: Vec<&str> = body.keys().map(String::as_str).collect();
    assert_eq!(
        members,
        [
            "access_token",
            "expires",
            "expires_in",
            "refresh_token",
            "token_type"
        ]
    );
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("bearer"), &json!(1800))
    );
    let (_, claims) = parts(body["access_token"].as_str().unwrap());
    let expires = shared::clock::Timestamp::parse(body["expires"].as_str().unwrap()).unwrap();
    assert_eq!(claims["exp"], expires.unix());
    assert!(body["expires"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn t_15_no_response_of_the_token_endpoint_may_be_stored() {
    let service = Running::start().await;
    service.user("johndoe").await;
    let responses = [
        service.log_in("johndoe", PASSWORD).await,
        service.log_in("johndoe", "wrong").await,
        service.form("grant_type=x").await,
        Response::of(service.request("POST", "/token")).await,
        service.form(&"x".repeat(17_000)).await,
        Response::of(service.request("POST", "/token/more")).await,
    ];
    for response in responses {
        response.has_common_headers();
        assert_eq!(response.header("pragma"), "no-cache", "{response:?}");
    }
}

#[tokio::test]
async fn t_22_a_body_over_16_kib_is_rejected_first_and_a_long_password_is_a_wrong_one() {
    let service = Running::start().await;
    let longest = "x".repeat(1024);
    let response = service
        .register(json!({"username": "johndoe", "password": longest}))
        .await;
    assert_eq!(response.status, 201, "{response:?}");
    assert_eq!(service.log_in("johndoe", &longest).await.status, 200);
    service
        .log_in("johndoe", &"x".repeat(1025))
        .await
        .is_oauth(401, "invalid_grant");
    let of_length = |length: usize| {
        let start = "grant_type=nothing&padding=";
        format!("{start}{}", "x".repeat(length - start.len()))
    };
    service
        .form(&of_length(16_384))
        .await
        .is_oauth(400, "unsupported_grant_type");
    service
        .form(&of_length(16_385))
        .await
        .is_oauth(413, "invalid_request");
    // The size comes before the type.
    let json = service
        .request("POST", "/token")
        .header("content-type", "application/json")
        .body("x".repeat(16_385));
    Response::of(json).await.is_oauth(413, "invalid_request");
}
