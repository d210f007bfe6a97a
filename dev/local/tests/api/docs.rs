use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::running::{Response, Running};

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere_and_sits_in_no_frame() {
    let service = Running::start().await;
    for path in ["/docs", "/docs/"] {
        let page = Response::of(service.request("GET", path)).await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (200, "text/html; charset=utf-8")
        );
        let policy = page.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self';",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(rule), "{rule} in {policy}");
        }
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        let html = page.body.as_str().unwrap();
        assert!(!html.contains("://"), "the page names another origin");
        assert!(!html.contains("<script>"), "the page has an inline script");
    }
}

#[tokio::test]
async fn each_file_that_the_page_names_is_served() {
    let service = Running::start().await;
    let page = Response::of(service.request("GET", "/docs")).await;
    let html = page.body.as_str().unwrap();
    let files: Vec<&str> = html
        .split('"')
        .filter(|text| text.starts_with("/docs/"))
        .collect();
    assert_eq!(files.len(), 5, "{files:?}");
    for file in files {
        let response = Response::of(service.request("GET", file)).await;
        assert_eq!(response.status, 200, "{file}");
        assert_ne!(response.header("content-type"), "");
    }
    let unknown = Response::of(service.request("GET", "/docs/nothing.js")).await;
    assert_eq!(
        (unknown.status, unknown.body),
        (404, json!({"message": "Not Found"}))
    );
}

#[tokio::test]
async fn the_document_is_served() {
    let service = Running::start().await;
    let response = Response::of(service.request("GET", "/openapi.json")).await;
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, "application/json")
    );
    assert_eq!(
        response.body.to_string(),
        serde_json::from_str::<Value>(docs::OPENAPI).unwrap().to_string()
    );
}

/// Returns the paths, after checking that the document names just what it has: no reference, scheme or tag dangles or is left over.
fn paths(document: &Value) -> BTreeSet<&str> {
    let names = |pointer: &str| -> BTreeSet<&str> {
        let object = document.pointer(pointer).unwrap().as_object().unwrap();
        object.keys().map(String::as_str).collect()
    };
    let text = document.to_string();
    let references = text.split("#/components/schemas/").skip(1);
    let referenced = references.map(|rest| rest.split('"').next().unwrap());
    assert_eq!(referenced.collect::<BTreeSet<_>>(), names("/components/schemas"));
    let (mut schemes, mut tags) = (BTreeSet::new(), BTreeSet::new());
    let operations = document["paths"].as_object().unwrap().values();
    for operation in operations.flat_map(|path| path.as_object().unwrap().values()) {
        for way in operation["security"].as_array().unwrap() {
            schemes.extend(way.as_object().unwrap().keys().map(String::as_str));
        }
        tags.extend(operation["tags"].as_array().unwrap().iter().map(Value::as_str));
    }
    // For APIs that accept a key; Latchkey's own routes accept none.
    schemes.insert("x-api-key");
    assert_eq!(schemes, names("/components/securitySchemes"));
    let declared = document["tags"].as_array().unwrap().iter();
    assert_eq!(tags, declared.map(|tag| tag["name"].as_str()).collect());
    names("/paths")
}

#[tokio::test]
async fn the_document_offers_the_grants_that_are_on_as_the_metadata() {
    let whole: Value = serde_json::from_str(docs::OPENAPI).unwrap();
    const PASSWORD_GRANT: &[&str] = &[
        "tokenUrl",
        "\"username\",\"password\"",
        "RFC 9700",
        "\"password\":[]",
    ];
    const REFRESH_TOKENS: &[&str] = &[
        "refresh_token",
        "refreshUrl",
        "/revoke",
        "revocation",
        "Revocation",
    ];
    for (password, refresh, gone, unsaid) in [
        ("true", "true", &[][..], vec![]),
        ("false", "true", &[], vec![PASSWORD_GRANT]),
        ("true", "false", &["/revoke"], vec![REFRESH_TOKENS]),
        (
            "false",
            "false",
            &["/revoke"],
            vec![PASSWORD_GRANT, REFRESH_TOKENS],
        ),
    ] {
        let service = Running::start_with(&[
            ("ENABLE_PASSWORD_GRANT", password),
            ("ENABLE_REFRESH_TOKENS", refresh),
        ])
        .await;
        let offered = Response::of(service.request("GET", "/openapi.json")).await.body;
        let missing: Vec<&str> = paths(&whole).difference(&paths(&offered)).copied().collect();
        assert_eq!(missing, gone);
        let components = &offered["components"];
        let schemas = ["TokenRequest", "TokenResponse"].map(|name| &components["schemas"][name]);
        let parts = [
            &offered["info"],
            &offered["paths"],
            &components["securitySchemes"],
        ];
        let said: String = parts.into_iter().chain(schemas).map(Value::to_string).collect();
        for text in unsaid.into_iter().flatten() {
            assert!(
                !said.contains(text),
                "{text}, password: {password}, refresh: {refresh}"
            );
        }
        let metadata = Response::of(service.request("GET", "/.well-known/openid-configuration")).await;
        let documented = &offered["paths"]["/.well-known/openid-configuration"]["get"]["responses"]["200"]["content"]
            ["application/json"]["examples"]["public"]["value"];
        let members = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(members(&metadata.body), members(documented));
        let grants = "grant_types_supported";
        assert_eq!(metadata.body.get(grants), documented.get(grants));
        let listed = &offered["components"]["schemas"]["TokenRequest"]["properties"]["grant_type"]["enum"];
        let listed: Vec<&Value> = listed
            .as_array()
            .into_iter()
            .flatten()
            .filter(|name| *name != "")
            .collect();
        assert_eq!(
            json!(listed),
            metadata.body.get(grants).cloned().unwrap_or(json!([]))
        );
    }
}

#[tokio::test]
async fn without_mail_the_document_has_nothing_of_it() {
    let whole: Value = serde_json::from_str(docs::OPENAPI).unwrap();
    let service = Running::start_with(&[("MAIL_FROM", "")]).await;
    let offered = Response::of(service.request("GET", "/openapi.json")).await.body;
    let missing: Vec<&str> = paths(&whole).difference(&paths(&offered)).copied().collect();
    assert!(!missing.is_empty());
    for path in missing {
        let operations = whole["paths"][path].as_object().unwrap();
        for (method, operation) in operations {
            assert_eq!(operation["tags"], json!(["mail"]), "{method} {path}");
            let response = Response::of(service.request(&method.to_uppercase(), path)).await;
            assert_eq!(response.status, 404, "{method} {path}");
        }
    }
    assert!(!offered.to_string().contains("\"mail\""));
}

#[test]
fn no_parameter_of_the_log_in_has_a_default_since_generators_would_demand_it() {
    let document: Value = serde_json::from_str(docs::OPENAPI).unwrap();
    let schema = &document["components"]["schemas"]["TokenRequest"];
    // Each grant needs others.
    assert_eq!(schema.get("required"), None);
    assert!(
        !schema["properties"].to_string().contains("\"default\""),
        "{schema}"
    );
}

#[test]
fn every_response_is_documented_with_its_body_its_headers_and_an_example() {
    let document: Value = serde_json::from_str(docs::OPENAPI).unwrap();
    let statuses = |path: &str, method: &str| -> Vec<String> {
        let responses = document["paths"][path][method]["responses"].as_object().unwrap();
        for (status, response) in responses {
            let content = response["content"].as_object().unwrap();
            for media in content.values() {
                assert!(
                    media["schema"].to_string().contains("\"$ref\""),
                    "{path} {status}"
                );
                assert!(
                    !media["examples"].as_object().unwrap().is_empty(),
                    "{path} {status}"
                );
            }
            if status == "429" {
                let gateways = &content["application/json"]["schema"];
                assert!(gateways.to_string().contains("GatewayError"), "{path}");
                if path == "/users/me" {
                    // The gateway's alone.
                    assert_eq!(response.get("headers"), None);
                    continue;
                }
            }
            let has = |header: &str| response["headers"].get(header).is_some();
            assert!(
                has("cache-control") && has("x-content-type-options"),
                "{path} {status}"
            );
            assert_eq!(
                has("retry-after"),
                status == "503" || status == "429",
                "{path} {status}"
            );
            assert_eq!(
                has("www-authenticate"),
                status == "401" || (path == "/users/me" && status == "400"),
                "{path} {status}"
            );
            assert_eq!(has("location"), status == "201", "{path} {status}");
        }
        responses.keys().cloned().collect()
    };
    assert_eq!(
        statuses("/token", "post"),
        ["200", "400", "401", "413", "415", "429", "500", "503"]
    );
    let register = [
        "201", "400", "403", "409", "413", "415", "422", "429", "500", "503",
    ];
    assert_eq!(statuses("/register", "post"), register);
    assert_eq!(statuses("/users", "post"), register);
    assert_eq!(
        statuses("/users/me", "get"),
        ["200", "400", "401", "429", "500", "503"]
    );
}

#[test]
fn the_usernames_pattern_asks_for_no_unicode_classes() {
    let document: Value = serde_json::from_str(docs::OPENAPI).unwrap();
    let pattern = document["components"]["schemas"]["Username"]["pattern"]
        .as_str()
        .unwrap();
    assert!(!pattern.contains("\\p"), "{pattern}");
}
