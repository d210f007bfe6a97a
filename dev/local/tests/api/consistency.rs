//! Everything that is said twice says the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use sam_template::Template;
use shared::config::{Need, VARIABLES};
use testing::events::cases;

/// The functions with what each is given of the configuration.
const FUNCTIONS: [(&str, &[Need]); 6] = [
    (docs::FUNCTION.name, docs::FUNCTION.needs),
    (me::FUNCTION.name, me::FUNCTION.needs),
    (register::FUNCTION.name, register::FUNCTION.needs),
    (rotate_keys::NAME, rotate_keys::NEEDS),
    (token::FUNCTION.name, token::FUNCTION.needs),
    (well_known::FUNCTION.name, well_known::FUNCTION.needs),
];

fn file(path: &str) -> String {
    std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// The template's routes without the twins for a slash at the end.
fn routes() -> BTreeMap<String, String> {
    all_routes()
        .into_iter()
        .filter(|(route, _)| !route.ends_with("{proxy+}"))
        .collect()
}

/// The template's routes with the packages of their functions.
fn all_routes() -> BTreeMap<String, String> {
    let template = Template::of_this_project().unwrap();
    let package = |logical_id: &str| {
        template
            .functions()
            .iter()
            .find(|function| function.logical_id == logical_id)
            .unwrap()
            .package
            .clone()
    };
    template
        .routes()
        .iter()
        .map(|route| {
            (
                format!("{} {}", route.method, route.path),
                package(&route.function),
            )
        })
        .collect()
}

#[test]
fn cargo_lambda_watch_routes_what_the_template_routes() {
    let manifest: toml::Table = toml::from_str(&file("Cargo.toml")).unwrap();
    let router = &manifest["workspace"]["metadata"]["lambda"]["watch"]["router"];
    let watched: BTreeMap<String, String> = router
        .as_table()
        .unwrap()
        .iter()
        .flat_map(|(path, routes)| {
            routes.as_array().unwrap().iter().map(move |route| {
                let text = |name: &str| route[name].as_str().unwrap().to_owned();
                (format!("{} {path}", text("method")), text("function"))
            })
        })
        .collect();
    // That router names a rest otherwise, and an empty one on its own.
    let expected: BTreeMap<String, String> = all_routes()
        .into_iter()
        .flat_map(|(route, function)| match route.strip_suffix("{proxy+}") {
            None => vec![(route, function)],
            Some(start) => vec![
                (start.to_owned(), function.clone()),
                (format!("{start}{{*proxy}}"), function),
            ],
        })
        .collect();
    assert_eq!(
        watched, expected,
        "change [workspace.metadata.lambda.watch.router] in Cargo.toml"
    );
}

#[test]
fn each_route_has_a_sample_event() {
    let sampled: BTreeSet<String> = cases()
        .iter()
        .map(|case| {
            let event: serde_json::Value =
                serde_json::from_str(&file(&format!("events/{}", case.event))).unwrap();
            event["routeKey"].as_str().unwrap().to_owned()
        })
        .filter(|route| !route.ends_with("{proxy+}"))
        .collect();
    assert_eq!(sampled, routes().into_keys().collect(), "add an event to events/");
}

#[test]
fn each_function_gets_from_the_template_just_the_variables_that_it_reads() {
    let template = Template::of_this_project().unwrap();
    for (name, needs) in FUNCTIONS {
        let declared = template
            .functions()
            .iter()
            .find(|declared| declared.package == name)
            .unwrap_or_else(|| panic!("add {name} to template.yaml"));
        let given: BTreeSet<&str> = declared.environment.keys().map(String::as_str).collect();
        let read: BTreeSet<&str> = VARIABLES
            .iter()
            .filter(|variable| needs.contains(&variable.need))
            .map(|variable| variable.name)
            .collect();
        assert_eq!(
            given, read,
            "change the environment of {} in template.yaml",
            declared.logical_id
        );
    }
}

#[test]
fn the_templates_defaults_are_the_configurations() {
    let template = Template::of_this_project().unwrap();
    for function in template.functions() {
        for variable in VARIABLES {
            let given = function.environment.get(variable.name).and_then(Option::as_deref);
            if let (Some(given), Some(default)) = (given, variable.default) {
                assert_eq!(
                    given, default,
                    "{} of {} in template.yaml",
                    variable.name, function.logical_id
                );
            }
        }
    }
}

#[test]
fn the_readme_lists_each_variable_with_its_bounds_and_default() {
    let readme = file("README.md");
    for variable in VARIABLES {
        let default = match variable.default {
            None => "must be set".to_owned(),
            Some("") => "empty".to_owned(),
            Some(default) => format!("`{default}`"),
        };
        let row = format!(
            "| `{}` | {} | {} | {default} |",
            variable.name, variable.meaning, variable.bounds
        );
        assert!(
            readme.contains(&row),
            "add to the README's table of variables: {row}"
        );
    }
}

#[test]
fn the_example_environment_sets_just_what_must_be_set_and_where_engine_and_keys_are() {
    let example = file(".env.example");
    let set: BTreeSet<&str> = example
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    let needed: BTreeSet<&str> = VARIABLES
        .iter()
        .filter(|variable| {
            variable.default.is_none() || ["DYNAMODB_ENDPOINT", "SIGNING_KEYS_FILE"].contains(&variable.name)
        })
        .map(|variable| variable.name)
        .collect();
    assert_eq!(set, needed, "change .env.example");
}

#[test]
fn the_openapi_document_has_the_templates_routes_and_the_functions_names() {
    let document: serde_json::Value = serde_json::from_str(docs::OPENAPI).unwrap();
    let documented: BTreeMap<String, String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, operations)| {
            operations
                .as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| {
                    let id = operation["operationId"].as_str().unwrap().to_owned();
                    (format!("{} {path}", method.to_uppercase()), id)
                })
        })
        .collect();
    let mut expected = routes();
    // The documentation does not document itself.
    expected.retain(|_, function| function != docs::FUNCTION.name);
    // Operations of one document must have names of their own.
    expected.insert("POST /users".to_owned(), "create_user".to_owned());
    for (path, name) in [
        ("jwks.json", "jwks"),
        ("openid-configuration", "openid_configuration"),
        ("oauth-authorization-server", "oauth_authorization_server"),
    ] {
        expected.insert(format!("GET /.well-known/{path}"), name.to_owned());
    }
    assert_eq!(
        documented, expected,
        "add #[utoipa::path] and dev/local/src/openapi.rs"
    );
}

#[test]
fn the_committed_openapi_document_is_the_codes() {
    let now = local::openapi::document().unwrap();
    assert!(now == docs::OPENAPI, "renew it: cargo run -p local --bin openapi");
}

/// Every Rust source below a folder.
fn sources(folder: &str) -> String {
    let mut text = String::new();
    let mut folders = vec![
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(folder),
    ];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[test]
fn each_statement_has_its_test() {
    let page = file("docs/conformance.md");
    let sources = sources("dev/local/tests") + &sources("functions");
    let clients =
        ["test_authlib.py", "test_requests_oauthlib.py"].map(|name| file(&format!("dev/clients/{name}")));
    let mut count = 0;
    for row in page.lines().filter(|line| line.contains(" | `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (id, test) = (cells[1], cells[3].trim_matches('`'));
        let prefix = format!("{}_", id.to_lowercase().replace('-', "_"));
        assert!(test.starts_with(&prefix), "{id}: {test} is not named after it");
        assert!(
            sources.contains(&format!("async fn {test}()"))
                || clients.concat().contains(&format!("def test_{test}(")),
            "{id}: there is no test {test}"
        );
        count += 1;
    }
    assert_eq!(count, 35);
}

#[test]
fn a_release_unwinds_also_where_cargo_lambda_builds_it() {
    let manifest: toml::Table = toml::from_str(&file("Cargo.toml")).unwrap();
    let panic = manifest["profile"]["release"]
        .get("panic")
        .and_then(toml::Value::as_str);
    // Where nothing is said, cargo-lambda builds with "abort", and a panic would end the function without its 500.
    assert_eq!(panic, Some("unwind"), "say it in [profile.release] of Cargo.toml");
}
