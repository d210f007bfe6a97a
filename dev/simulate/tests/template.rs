//! The numbers that the model takes from the template are the template's.

use simulate::assumptions::{ME_MEMORY, ROUTE_BURST, ROUTE_RATE, TOKEN_MEMORY};

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The default of the parameter that a section of the template names at a key.
fn default_of_what(section: &str, key: &str) -> Option<f64> {
    let parameter = value(section, key)?.strip_prefix("!Ref ")?;
    value(parameter, "Default")?.parse().ok()
}

/// What stands at a key of the first section of this name: below its line, and indented deeper.
fn value(section: &str, key: &str) -> Option<&'static str> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = TEMPLATE
        .lines()
        .skip_while(|line| line.trim().strip_suffix(':') != Some(section));
    let head = indent(lines.next()?);
    lines
        .take_while(|line| line.trim().is_empty() || indent(line) > head)
        .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "))
}

#[test]
fn the_limit_of_the_route_is_the_templates() {
    let rate = default_of_what("POST /token", "ThrottlingRateLimit");
    let burst = default_of_what("POST /token", "ThrottlingBurstLimit");
    assert_eq!((rate, burst), (Some(ROUTE_RATE.value), Some(ROUTE_BURST.value)));
}

#[test]
fn the_memories_are_the_templates() {
    let token = default_of_what("TokenFunction", "MemorySize");
    let me = default_of_what("MeFunction", "MemorySize");
    assert_eq!((token, me), (Some(TOKEN_MEMORY.value), Some(ME_MEMORY.value)));
}
