//! The file that holds the report, between two markers.

/// The file, from this package's folder.
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/load.md");
/// The line before the section.
pub const BEGIN: &str = "<!-- simulate:begin -->\n";
/// The line after it.
pub const END: &str = "<!-- simulate:end -->";

/// What stands between the markers, or `None` where a marker is missing.
#[must_use]
pub fn section(document: &str) -> Option<&str> {
    let (_, after) = document.split_once(BEGIN)?;
    after.split_once(END).map(|(section, _)| section)
}

/// The document with another section, or `None` where a marker is missing.
#[must_use]
pub fn with_section(document: &str, section: &str) -> Option<String> {
    let (before, after) = document.split_once(BEGIN)?;
    let (_, rest) = after.split_once(END)?;
    Some(format!("{before}{BEGIN}{section}{END}{rest}"))
}
