//! The committed report is the computed one.

use simulate::document::{BEGIN, END, FILE, section, with_section};
use simulate::report;

#[test]
fn the_committed_report_is_what_the_model_computes() {
    let committed = std::fs::read_to_string(FILE).unwrap();
    assert!(
        section(&committed) == Some(report::markdown().unwrap().as_str()),
        "docs/load.md differs from what is computed; renew it: cargo run -p simulate -- --write"
    );
}

#[test]
fn only_what_stands_between_the_markers_is_replaced() {
    let old = format!("# Load\n\n{BEGIN}old\n{END}\n\nafter\n");
    assert_eq!(section(&old), Some("old\n"));
    assert_eq!(
        with_section(&old, "new\n"),
        Some(format!("# Load\n\n{BEGIN}new\n{END}\n\nafter\n"))
    );
}

#[test]
fn a_document_without_its_markers_is_left_alone() {
    assert_eq!(with_section(&format!("# Load\n\n{BEGIN}old\n"), "new\n"), None);
    assert_eq!(with_section(&format!("# Load\n\nold\n{END}\n"), "new\n"), None);
}
