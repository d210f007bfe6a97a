//! `/.well-known/*` from outside.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::running::{PASSWORD, Response, Running};

const NAMES: [&str; 2] = ["openid-configuration", "oauth-authorization-server"];

async fn get(service: &Running, path: &str) -> Response {
    Response::of(service.request("GET", path)).await
}

async fn metadata(service: &Running) -> Value {
    get(service, "/.well-known/openid-configuration").await.body
}

/// Returns the path of a URL of this service, which begins with its issuer.
fn path<'a>(service: &Running, url: &'a Value) -> &'a str {
    url.as_str()
        .unwrap()
        .strip_prefix(service.issuer.as_str())
        .unwrap()
}

#[tokio::test]
async fn m_01_both_metadata_documents_agree_and_name_the_issuer_of_the_tokens() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    let claims: Value = testing::forge::claims(&token);
    let mut documents = Vec::new();
    for name in NAMES {
        let response = get(&service, &format!("/.well-known/{name}")).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), "application/json");
        assert_eq!(response.body["issuer"], claims["iss"]);
        assert_eq!(response.body["issuer"], service.issuer.as_str());
        documents.push(response.body);
    }
    assert_eq!(documents[0], documents[1]);
}

#[tokio::test]
async fn m_02_every_value_of_the_metadata_works() {
    let service = Running::start().await;
    service.user("johndoe").await;
    let metadata = metadata(&service).await;
    let members: BTreeSet<&str> = metadata.as_object().unwrap().keys().map(String::as_str).collect();
    // A member that this test does not walk must not be there.
    let walked = [
        "issuer",
        "jwks_uri",
        "token_endpoint",
        "grant_types_supported",
        "token_endpoint_auth_methods_supported",
        "revocation_endpoint",
        "revocation_endpoint_auth_methods_supported",
        "introspection_endpoint",
        "introspection_endpoint_auth_methods_supported",
        "response_types_supported",
    ];
    assert_eq!(members, BTreeSet::from(walked));
    assert_eq!(metadata["response_types_supported"], json!([]));
    let keys = get(&service, path(&service, &metadata["jwks_uri"])).await;
    assert!(!keys.body["keys"].as_array().unwrap().is_empty());
    let token_path = path(&service, &metadata["token_endpoint"]);
    let (client, secret) = service.confidential_client().await;
    for endpoint in ["token", "revocation", "introspection"] {
        let methods = metadata[format!("{endpoint}_endpoint_auth_methods_supported")]
            .as_array()
            .unwrap();
        for method in methods {
            let path = path(&service, &metadata[format!("{endpoint}_endpoint")]);
            let request = service.request("POST", path);
            let mut form = vec![("grant_type", "client_credentials"), ("token", "x")];
            let request = match method.as_str().unwrap() {
                "client_secret_basic" => request.basic_auth(&client, Some(&secret)),
                "client_secret_post" => {
                    form.extend([("client_id", client.as_str()), ("client_secret", &secret)]);
                    request
                }
                "none" => {
                    form = vec![("username", "johndoe"), ("password", PASSWORD), ("token", "x")];
                    request
                }
                other => panic!("{other}"),
            };
            let response = Response::of(request.form(&form)).await;
            assert_eq!(response.status, 200, "{endpoint} {method}: {response:?}");
        }
    }
    let mut refresh_token = String::new();
    for grant in metadata["grant_types_supported"].as_array().unwrap() {
        let form = [
            ("grant_type", grant.as_str().unwrap()),
            ("username", "johndoe"),
            ("password", PASSWORD),
            ("refresh_token", &refresh_token),
        ];
        let request = service.request("POST", token_path);
        let request = if grant == "client_credentials" {
            request.basic_auth(&client, Some(&secret))
        } else {
            request
        };
        let response = Response::of(request.form(&form)).await;
        assert_eq!(response.status, 200, "{grant}: {response:?}");
        if let Some(token) = response.body["refresh_token"].as_str() {
            token.clone_into(&mut refresh_token);
        }
    }
    let revocation_path = path(&service, &metadata["revocation_endpoint"]);
    let revocation = service
        .request("POST", revocation_path)
        .form(&[("token", &refresh_token)]);
    assert_eq!(Response::of(revocation).await.status, 200);
    service
        .form(&format!("grant_type=refresh_token&refresh_token={refresh_token}"))
        .await
        .is_oauth(400, "invalid_grant");
    // And what is not named does not work.
    for grant in [
        "authorization_code",
        "urn:ietf:params:oauth:grant-type:device_code",
    ] {
        service
            .form(&format!("grant_type={grant}&username=johndoe&password=x"))
            .await
            .is_oauth(400, "unsupported_grant_type");
    }
}

#[tokio::test]
async fn m_03_the_jwk_set_has_public_members_alone_and_may_be_kept_for_a_part_of_the_lead() {
    let service = Running::start().await;
    is_a_public_jwk_set(&service, "RS256", &["alg", "e", "kid", "kty", "n", "use"], 21_600).await;
}

#[tokio::test]
async fn m_03_that_holds_for_each_kind_of_key_and_another_lead() {
    for (kind, public) in [
        ("RS256", &["alg", "e", "kid", "kty", "n", "use"][..]),
        ("ES256", &["alg", "crv", "kid", "kty", "use", "x", "y"]),
        ("EdDSA", &["alg", "crv", "kid", "kty", "use", "x"]),
    ] {
        let service = Running::start_with(&[("KEY_KIND", kind), ("KEY_LEAD_SECONDS", "7200")]).await;
        is_a_public_jwk_set(&service, kind, public, 7200).await;
    }
}

async fn is_a_public_jwk_set(service: &Running, kind: &str, public: &[&str], lead: u32) {
    let response = get(service, "/.well-known/jwks.json").await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), "application/json");
    assert_eq!(response.header("x-content-type-options"), "nosniff");
    let cache = response.header("cache-control");
    let seconds: u32 = cache.strip_prefix("public, max-age=").unwrap().parse().unwrap();
    assert!(seconds > 0 && seconds <= lead / 2, "{cache}");
    let keys = response.body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "the one that signs, and the next");
    for key in keys {
        let members: Vec<&String> = key.as_object().unwrap().keys().collect();
        assert_eq!(members, public);
        assert_eq!((&key["use"], &key["alg"]), (&json!("sig"), &json!(kind)));
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.clone()).unwrap();
        let thumbprint = jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap();
        assert_eq!(key["kid"], thumbprint);
    }
    assert_eq!(metadata_headers(service).await, cache);
}

async fn metadata_headers(service: &Running) -> String {
    let response = get(service, "/.well-known/oauth-authorization-server").await;
    response.header("cache-control").to_owned()
}

#[tokio::test]
async fn any_page_may_read_them_also_while_no_origin_is_allowed() {
    let service = Running::start().await;
    for name in ["jwks.json", NAMES[0], NAMES[1]] {
        let request = service.request("GET", &format!("/.well-known/{name}"));
        let response = Response::of(request.header("origin", "https://app.example.com")).await;
        assert_eq!(response.header("access-control-allow-origin"), "*");
    }
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_gets_one_cors_header_with_them() {
    let service = Running::start_with(&[("ALLOWED_ORIGINS", "https://app.example.com")]).await;
    let request = service.request("GET", "/.well-known/jwks.json");
    let response = Response::of(request.header("origin", "https://app.example.com")).await;
    let headers: Vec<_> = response
        .headers
        .get_all("access-control-allow-origin")
        .iter()
        .collect();
    assert_eq!(headers, ["https://app.example.com"]);
}
