//! Renews the committed OpenAPI document: `cargo run -p local --bin openapi`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions/docs/openapi.json");
    std::fs::write(file, local::openapi::document()?)?;
    Ok(())
}
