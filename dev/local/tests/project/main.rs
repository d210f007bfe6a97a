//! Facts that are written twice agree: in the template, the code, the OpenAPI document, the events and the generated pages.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod layers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use local::Example;
use local::functions::{EXAMPLES, FUNCTIONS};
use sam_template::Template;
use shared::env::{Env, declarations};
use testing::events::cases;

fn file(path: &str) -> String {
    std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// Returns the template's routes without the twins for a slash at the end.
fn routes() -> BTreeMap<String, String> {
    all_routes()
        .into_iter()
        .filter(|(route, _)| !route.ends_with("{proxy+}"))
        .collect()
}

/// Returns the template's routes with the packages of their functions.
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

/// Returns a variable's value for a start that sends nothing.
fn some_value(name: &str) -> Option<String> {
    match name {
        "TABLE_NAME" | "LINKS_TABLE_NAME" => Some("users".to_owned()),
        "ISSUER" => Some("https://auth.example.com".to_owned()),
        "SIGNING_KEYS_SECRET" | "MAIL_KEY_SECRET" => Some("secret".to_owned()),
        "MAIL_FROM" => Some("no-reply@example.com".to_owned()),
        _ => None,
    }
}

#[tokio::test]
async fn each_function_gets_from_the_template_just_the_variables_that_it_reads() {
    let template = Template::of_this_project().unwrap();
    for registered in FUNCTIONS {
        let name = registered.name;
        let declared = template
            .functions()
            .iter()
            .find(|declared| declared.package == name)
            .unwrap_or_else(|| panic!("add {name} to template.yaml"));
        let declared_names: BTreeSet<&str> = declared.environment.keys().map(String::as_str).collect();
        let read = registered.variables(&Env::new(some_value)).await.unwrap();
        assert_eq!(
            declared_names, read,
            "change the environment of {} in template.yaml",
            declared.logical_id
        );
    }
}

#[tokio::test]
async fn each_function_of_an_example_starts_with_what_its_template_declares() {
    let template = Example::Links.template().unwrap();
    assert_eq!(template.functions().len(), EXAMPLES.len());
    for registered in EXAMPLES {
        let mut functions = template.functions().iter();
        let declared = functions
            .find(|declared| declared.package == registered.name)
            .unwrap();
        let names = &declared.environment;
        let env = Env::new(|name| some_value(name).filter(|_| names.contains_key(name)));
        let read = registered.variables(&env).await.unwrap();
        let unread: Vec<_> = names
            .keys()
            .filter(|name| !read.contains(name.as_str()))
            .collect();
        assert!(unread.is_empty(), "{} does not read {unread:?}", registered.name);
    }
}

/// Returns the template's parameter of a variable: `ACCESS_TOKEN_SECONDS` is `AccessTokenSeconds`.
fn parameter_of(variable: &str) -> String {
    variable
        .split('_')
        .map(|word| word[..1].to_owned() + &word[1..].to_lowercase())
        .collect()
}

#[test]
fn the_templates_defaults_and_bounds_are_the_declarations() {
    let template = Template::of_this_project().unwrap();
    let mut compared = 0;
    for variable in declarations() {
        let name = variable.name;
        for function in template.functions() {
            let given = function.environment.get(name).and_then(Option::as_deref);
            if let (Some(given), Some(default)) = (given, variable.default) {
                assert_eq!(
                    given, default,
                    "{name} of {} in template.yaml",
                    function.logical_id
                );
            }
        }
        let parameter = parameter_of(name);
        let property = |property: &str| template.parameter(&parameter, property);
        if let (Some(default), Some((min, max))) = (property("Default"), variable.bounds) {
            assert_eq!(
                Some(default.as_str()),
                variable.default,
                "{parameter} in template.yaml"
            );
            let bounds = (property("MinValue"), property("MaxValue"));
            assert_eq!(
                bounds,
                (Some(min.to_string()), Some(max.to_string())),
                "bounds of {parameter} in template.yaml"
            );
            compared += 1;
        }
    }
    assert!(
        compared >= 4,
        "only {compared} parameters have the name of a variable"
    );
}

#[test]
fn the_generated_pages_agree_with_the_code() {
    for page in local::generated::pages().unwrap() {
        assert!(
            file(page.path) == page.text,
            "{} is old; renew it: cargo run -p local --bin renew",
            page.path
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
    let needed: BTreeSet<&str> = declarations()
        .into_iter()
        .filter(|variable| {
            variable.default.is_none()
                || ["AWS_ENDPOINT_URL_DYNAMODB", "SIGNING_KEYS_FILE"].contains(&variable.name)
        })
        .map(|variable| variable.name)
        .collect();
    assert_eq!(set, needed, "change .env.example");
}

#[test]
fn the_openapi_document_has_the_templates_routes_and_the_gateways_429_everywhere() {
    let document: serde_json::Value = serde_json::from_str(docs::OPENAPI).unwrap();
    let mut documented = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let route = format!("{} {path}", method.to_uppercase());
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            assert!(
                !id.is_empty() && ids.insert(id),
                "{route} needs an operationId of its own"
            );
            assert!(operation["responses"]["429"].is_object(), "{route} has no 429");
            documented.insert(route);
        }
    }
    let mut expected = routes();
    // The documentation does not document itself.
    expected.retain(|_, function| function != "docs");
    assert_eq!(
        documented,
        expected.into_keys().collect(),
        "add #[utoipa::path] and dev/local/src/openapi.rs"
    );
}

/// Returns the Rust sources below a folder, with their paths in it.
fn rust_files(folder: &str) -> Vec<(String, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(folder);
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.push((name, text));
            }
        }
    }
    files
}

fn sources(folder: &str) -> String {
    rust_files(folder).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn each_statement_has_its_test() {
    let page = file("docs/conformance.md");
    let sources = sources("dev/local/tests") + &sources("functions") + &sources("shared/tests");
    let clients =
        ["test_authlib.py", "test_requests_oauthlib.py"].map(|name| file(&format!("dev/clients/{name}")));
    let mut count = 0;
    for row in page.lines().filter(|line| line.contains(" | `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (id, test) = (cells[1], cells[3].trim_matches('`'));
        let prefix = format!("{}_", id.to_lowercase().replace('-', "_"));
        assert!(test.starts_with(&prefix), "{id}: {test} is not named after it");
        assert!(
            sources.contains(&format!("fn {test}()"))
                || clients.concat().contains(&format!("def test_{test}(")),
            "{id}: there is no test {test}"
        );
        count += 1;
    }
    assert!(count > 30, "only {count} rows were found");
}

#[test]
fn test_names_are_short_and_those_with_an_id_are_listed() {
    let page = file("docs/conformance.md");
    let sources = sources("shared") + &sources("functions") + &sources("dev");
    let names = sources.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ")?.split(['(', '<']).next()
    });
    let mut with_id = 0;
    for name in names {
        assert!(name.len() <= 80, "{name} has {} characters", name.len());
        if let [b'a'..=b'z', b'_', b'0'..=b'9', b'0'..=b'9', b'_', ..] = name.as_bytes() {
            assert!(
                page.contains(&format!("`{name}`")),
                "docs/conformance.md lacks {name}"
            );
            with_id += 1;
        }
    }
    assert!(with_id > 30, "{with_id}");
}

#[test]
fn n_18_each_event_stands_in_the_table_of_logging() {
    let source = file("shared/src/events.rs");
    let (_, variants) = source.split_once("pub enum Event<'a> {").unwrap();
    let (variants, _) = variants.split_once("\n}").unwrap();
    // A variant's name is followed by its fields, in one line or in several.
    let variants: BTreeSet<&str> = variants
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(|line| line.split_once(' ').unwrap().0)
        .collect();
    let page = file("docs/logging.md");
    let rows: BTreeSet<&str> = page
        .lines()
        .filter_map(|row| {
            row.strip_prefix("| INFO | `")
                .or_else(|| row.strip_prefix("| WARN | `"))
                .or_else(|| row.strip_prefix("| ERROR | `"))
        })
        .filter(|row| row.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(|row| row.split_once('`').unwrap().0)
        .collect();
    assert_eq!(variants, rows, "docs/logging.md, Events");
    assert!(variants.len() > 10, "{variants:?}");
}

#[test]
fn the_page_of_the_table_names_the_unicode_version_of_the_keys() {
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let page = file("docs/data.md");
    // idna has its data from the same three.
    for data in ["icu_casemap_data", "icu_normalizer_data", "icu_properties_data"] {
        let packages = metadata["packages"].as_array().unwrap();
        let package = packages.iter().find(|package| package["name"] == data).unwrap();
        let version = package["metadata"]["sources"]["unicode"]["tagged"]
            .as_str()
            .unwrap();
        assert!(
            page.contains(&format!("Unicode {version}")),
            "{data} has Unicode {version}: change docs/data.md"
        );
    }
}

#[test]
fn a_release_unwinds_also_where_cargo_lambda_builds_it() {
    let manifest: toml::Table = toml::from_str(&file("Cargo.toml")).unwrap();
    let panic = manifest["profile"]["release"]
        .get("panic")
        .and_then(toml::Value::as_str);
    // Without this setting cargo-lambda builds with "abort", and a panic would end the function without its 500.
    assert_eq!(panic, Some("unwind"), "say it in [profile.release] of Cargo.toml");
}
