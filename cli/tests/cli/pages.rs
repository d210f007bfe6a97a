//! What is generated from the declaration of the command line.

use std::fs;
use std::path::Path;

use crate::{bare, is_error, printed};

#[test]
fn the_page_of_the_command_line_agrees_with_it() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    let reference = printed(&bare(&["reference"]).output().unwrap());
    assert!(
        fs::read_to_string(page).unwrap() == reference,
        "docs/cli.md is old; renew it: cargo run -p local --bin renew"
    );
}

#[test]
fn completions_and_man_pages_are_printed() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&bare(&["completions", shell]).output().unwrap());
        assert!(script.contains("set-password"), "{shell}");
    }
    let page = |words: &[&str]| bare(&[&["man"], words].concat()).output().unwrap();
    let root = printed(&page(&[]));
    assert!(
        root.starts_with(".ie") && root.contains("export\\-credentials"),
        "{root}"
    );
    let create = printed(&page(&["user", "create"]));
    assert!(
        create.contains("latchkey\\-user\\-create") && create.contains("\\-\\-password\\-stdin"),
        "{create}"
    );
    is_error(
        &page(&["user", "nothing"]),
        1,
        "there is no command `user nothing`",
    );
}
