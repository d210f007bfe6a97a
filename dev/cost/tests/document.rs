//! What the document says is what is computed, and what the template says.

#![expect(
    clippy::unwrap_used,
    reason = "a test's own help, which clippy does not know for one"
)]

use std::path::Path;

use cost::{Inputs, RENEW, document};

fn of_the_repository(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)).unwrap()
}

/// The lines of a resource, from its name to the next one.
fn resource<'a>(template: &'a str, name: &str) -> Option<&'a str> {
    let from = template.split_once(&format!("\n  {name}:\n"))?.1;
    let end = from
        .match_indices("\n  ")
        .find(|(at, _)| from[at + 3..].starts_with(|letter: char| letter != ' '))
        .map_or(from.len(), |(at, _)| at);
    Some(&from[..end])
}

#[test]
fn the_committed_document_is_what_is_computed() {
    let computed = document(&Inputs::committed().unwrap());
    assert!(
        of_the_repository("docs/cost.md") == computed,
        "renew docs/cost.md: {RENEW}"
    );
}

#[test]
fn each_function_has_the_memory_of_the_template() {
    let template = of_the_repository("template.yaml");
    let mut compared = 0;
    for (function, memory_mb) in Inputs::committed().unwrap().assumed.memory_mb {
        let logical: String = function
            .split('-')
            .map(|word| word[..1].to_uppercase() + &word[1..])
            .collect();
        let Some(resource) = resource(&template, &format!("{logical}Function")) else {
            continue;
        };
        let parameter = resource
            .split_once("\n      MemorySize: !Ref ")
            .and_then(|(_, rest)| rest.lines().next())
            .unwrap_or_else(|| panic!("{logical}Function has no MemorySize by a parameter"));
        assert!(
            self::resource(&template, parameter)
                .unwrap()
                .contains(&format!("\n    Default: {memory_mb}\n")),
            "template.yaml has another MemorySize for {function} than memory_mb in cost/assumed.toml; then {RENEW}"
        );
        compared += 1;
    }
    assert!(
        compared >= 4,
        "only {compared} functions were found in template.yaml"
    );
}

#[test]
fn the_idle_month_counts_what_the_template_has() {
    let template = of_the_repository("template.yaml");
    let stack = Inputs::committed().unwrap().assumed.stack;
    for (kind, counted) in [
        ("AWS::SecretsManager::Secret", stack.secrets),
        ("AWS::CloudWatch::Alarm", stack.alarms),
        ("AWS::CloudWatch::Dashboard", stack.dashboards),
    ] {
        let there = template.matches(&format!("\n    Type: {kind}\n")).count();
        // What the template has none of yet is counted as it is planned.
        assert!(
            there == 0 || u32::try_from(there) == Ok(counted),
            "template.yaml has {there} of {kind} and the stack in cost/assumed.toml {counted}; then {RENEW}"
        );
    }
}

#[test]
fn logs_are_kept_for_as_long_as_in_the_template() {
    let template = of_the_repository("template.yaml");
    let days = Inputs::committed().unwrap().assumed.stack.log_retention_days;
    let parameter = resource(&template, "LogRetentionDays").unwrap();
    assert!(
        parameter.contains(&format!("\n    Default: {days}\n")),
        "template.yaml has another default of LogRetentionDays than cost/assumed.toml; then {RENEW}"
    );
}
