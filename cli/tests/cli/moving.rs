//! What the tests of `latchkey import` and of `latchkey export` have in common.

use std::process::Output;

use serde_json::{Value, json};
use testing::deployment::Deployment;

use crate::{command, latchkey, piped};

pub(crate) const ARGON2: &str =
    "$argon2id$v=19$m=7168,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$GpZ3sK/oH9p7VIiV56G/64Zo/8GaUw434IimaPqxwCo";
pub(crate) const BCRYPT: &str = "$2b$12$dQD2AD2Y.Aa8F3IliHPfk.yNESW7FZe3RmeT38K661sg/vds404ga";
/// A published hash of Firebase's, with the parameters of its project.
pub(crate) const FIREBASE: &str = include_str!("../../../shared/tests/shared/hashes/firebase.json");

/// An export of users who have all members, the least, and characters that JSON and CSV write in more than one way.
pub(crate) fn users() -> Vec<Value> {
    vec![
        json!({"id": "01KAS8M1E0QZ3V5X7Y9A1B3C5D", "username": "JohnDoe", "email": "John@Example.com", "full_name": "John \"J\", Doe/ü",
            "website": "https://example.com/john", "disabled": true, "created_at": "2026-11-23T20:47:00Z",
            "updated_at": "2026-11-24T20:47:00Z", "scopes": ["links:read", "links:write"], "password_hash": ARGON2}),
        json!({"id": "01KAS8M1E0QZ3V5X7Y9A1B3C5E", "email": "ü@example.com", "disabled": false, "created_at": "2026-11-23T20:47:00Z",
            "updated_at": "2026-11-23T20:47:00Z", "password_hash": BCRYPT}),
        json!({"id": "01KAS8M1E0QZ3V5X7Y9A1B3C5F", "username": "Straße", "disabled": false, "created_at": "2026-11-23T20:47:00Z",
            "updated_at": "2026-11-23T20:47:00Z"}),
    ]
}

pub(crate) fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// Imports what stands on standard input.
pub(crate) fn import(deployment: &Deployment, options: &[&str], rows: &str) -> Output {
    let arguments = [&["import", "-"], options].concat();
    piped(command(deployment, &arguments), rows.as_bytes())
}

pub(crate) fn export(deployment: &Deployment, options: &[&str]) -> Output {
    let arguments = [&["export"], options].concat();
    latchkey(deployment, &arguments)
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[track_caller]
pub(crate) fn is_done(output: &Output, summary: &str) {
    assert!(output.status.success(), "{output:?}");
    let last = text(&output.stdout)
        .lines()
        .find(|line| line.starts_with("rows: "));
    assert_eq!(last, Some(summary), "{output:?}");
}
