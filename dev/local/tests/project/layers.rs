//! The layers of `shared`: its `lib.rs` lists them from the bottom up.

use std::collections::BTreeMap;

use crate::{file, rust_files};

/// Returns the layer of each module: modules between two empty lines are of one layer.
fn layers() -> BTreeMap<String, usize> {
    let map = file("shared/src/lib.rs");
    let layer_of = |(layer, lines): (usize, &str)| {
        let modules = lines.lines().filter_map(|line| line.strip_prefix("pub mod "));
        modules
            .map(move |module| (module.trim_end_matches(';').to_owned(), layer))
            .collect::<Vec<_>>()
    };
    map.split("\n\n").enumerate().flat_map(layer_of).collect()
}

#[test]
fn no_module_of_shared_imports_from_its_own_layer_or_one_above() {
    let layers = layers();
    assert!(layers.len() > 10, "{layers:?}");
    let mut imports = 0;
    for (path, text) in rust_files("shared/src") {
        assert!(
            !text.contains("crate::{"),
            "{path} imports several modules at once"
        );
        let module = path.split(['/', '.']).next().unwrap().to_owned();
        for import in text.split("crate::").skip(1) {
            let end = import
                .find(|character: char| !character.is_alphanumeric() && character != '_')
                .unwrap_or(import.len());
            let imported = &import[..end];
            let (Some(own), Some(other)) = (layers.get(&module), layers.get(imported)) else {
                continue;
            };
            assert!(
                module == imported || other < own,
                "{path} imports {imported}, which is not below {module} in shared/src/lib.rs"
            );
            imports += 1;
        }
    }
    assert!(imports > 50, "only {imports} imports were found");
}
