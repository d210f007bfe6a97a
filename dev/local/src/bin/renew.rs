//! Renews the pages that are generated from the code: `cargo run -p local --bin renew`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for page in local::generated::pages()? {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(page.path);
        std::fs::write(file, page.text)?;
    }
    Ok(())
}
