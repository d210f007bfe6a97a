//! What stands in front of the gateway: proxies and an edge, and whose address they are believed.

use serde_json::json;

use crate::running::{PASSWORD, Response, Running};

/// The secret of these tests' edge.
const SECRET: &str = "sesame-sesame-sesame";

/// Returns the address of a log-in that is sent with some headers, as the list of sessions shows it.
async fn address(service: &Running, headers: &[(&str, &str)]) -> String {
    let with = |mut request: reqwest::RequestBuilder| {
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
    };
    let form = [("username", "johndoe"), ("password", PASSWORD)];
    let log_in = Response::of(with(service.request("POST", "/token")).form(&form)).await;
    assert_eq!(log_in.status, 200, "{log_in:?}");
    let token = log_in.body["access_token"].as_str().unwrap();
    let list = Response::of(with(service.request("GET", "/sessions")).bearer_auth(token)).await;
    let mut sessions = list.body.as_array().unwrap().iter();
    let current = sessions.find(|session| session["current"] == true).unwrap();
    current["ip"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn no_header_decides_the_clients_address_unless_something_is_trusted() {
    let service = Running::start_with(&[]).await;
    service.user("johndoe").await;
    for header in ["x-forwarded-for", "cloudfront-viewer-address", "forwarded"] {
        let found = address(&service, &[(header, "192.0.2.1"), (header, "192.0.2.1:80")]).await;
        assert_eq!(found, "127.0.0.1", "{header}");
    }
}

#[tokio::test]
async fn a_trusted_proxys_entry_is_the_client_and_what_a_client_wrote_is_not() {
    for (proxies, cases) in [
        (
            "1",
            &[
                ("192.0.2.1", "192.0.2.1"),
                // The last is the gateway's own, the connection's address.
                ("192.0.2.1, 127.0.0.1", "192.0.2.1"),
                ("192.0.2.1,::ffff:127.0.0.1", "192.0.2.1"),
                ("198.51.100.9, 192.0.2.1, 127.0.0.1", "192.0.2.1"),
                ("127.0.0.1, 127.0.0.1", "127.0.0.1"),
                ("2001:db8::7, 127.0.0.1", "2001:db8::7"),
                ("198.51.100.9, ?, 127.0.0.1", "127.0.0.1"),
                ("198.51.100.9,, 127.0.0.1", "127.0.0.1"),
                ("198.51.100.9, 192.0.2.1:80", "127.0.0.1"),
                ("198.51.100.9, \u{e4}", "127.0.0.1"),
                ("127.0.0.1", "127.0.0.1"),
                ("", "127.0.0.1"),
            ][..],
        ),
        (
            "2",
            &[
                ("198.51.100.9, 192.0.2.1, 203.0.113.5, 127.0.0.1", "192.0.2.1"),
                ("192.0.2.1, 203.0.113.5", "192.0.2.1"),
                ("203.0.113.5, 127.0.0.1", "127.0.0.1"),
            ],
        ),
    ] {
        let service = Running::start_with(&[("TRUSTED_PROXIES", proxies)]).await;
        service.user("johndoe").await;
        for (header, expected) in cases {
            let found = address(&service, &[("x-forwarded-for", header)]).await;
            assert_eq!(found, *expected, "{proxies} of {header}");
        }
    }
}

#[tokio::test]
async fn behind_an_edge_a_request_without_its_secret_is_a_403_like_the_gateways() {
    let service = Running::start_with(&[("EDGE_SECRET", SECRET)]).await;
    for (method, path) in [
        ("POST", "/token"),
        ("POST", "/register"),
        ("GET", "/users/me"),
        ("GET", "/sessions"),
        ("GET", "/api-keys"),
        ("GET", "/.well-known/jwks.json"),
        ("GET", "/openapi.json"),
    ] {
        for proof in [None, Some(""), Some("sesame-sesame-sesamE"), Some("sesame")] {
            let mut request = service.request(method, path);
            if let Some(proof) = proof {
                request = request.header("x-latchkey-edge", proof);
            }
            let response = Response::of(request).await;
            let got = (response.status, &response.body, response.header("content-type"));
            let expected = json!({"message": "Forbidden"});
            assert_eq!(got, (403, &expected, "application/json"), "{path} {proof:?}");
            assert_eq!(response.header("x-content-type-options"), "");
        }
        let twice = service.request(method, path);
        let twice = twice
            .header("x-latchkey-edge", SECRET)
            .header("x-latchkey-edge", SECRET);
        assert_eq!(Response::of(twice).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn behind_an_edge_the_client_is_cloudfronts_viewer_and_no_other_header() {
    let service = Running::start_with(&[("EDGE_SECRET", SECRET), ("TRUSTED_PROXIES", "1")]).await;
    let user = json!({"username": "johndoe", "password": PASSWORD});
    let register = service
        .request("POST", "/register")
        .header("x-latchkey-edge", SECRET);
    assert_eq!(Response::of(register.json(&user)).await.status, 201);
    for (viewer, expected) in [
        ("192.0.2.1:46532", "192.0.2.1"),
        ("2001:db8:0:0:0:0:0:7:46532", "2001:db8::7"),
        ("2001:db8::7:46532", "2001:db8::7"),
        ("192.0.2.1", "127.0.0.1"),
        ("2001:db8::7", "127.0.0.1"),
        ("192.0.2.1:99999", "127.0.0.1"),
        ("", "127.0.0.1"),
    ] {
        let headers = [
            ("x-latchkey-edge", SECRET),
            ("cloudfront-viewer-address", viewer),
            ("x-forwarded-for", "198.51.100.9"),
        ];
        assert_eq!(address(&service, &headers).await, expected, "{viewer}");
    }
}
