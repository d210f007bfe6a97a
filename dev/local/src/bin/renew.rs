//! Renews the pages that are generated from the code: `cargo run -p local --bin renew`.

use std::fs;
use std::path::Path;
use std::process::Command;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for page in local::generated::pages()? {
        fs::write(root.join(page.path), page.text)?;
    }
    // In a process of its own, so that `cargo dev` is not built with the SDK of CloudFormation.
    let reference = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "cli", "--", "reference"])
        .current_dir(&root)
        .output()?;
    if !reference.status.success() {
        return Err(String::from_utf8_lossy(&reference.stderr).into());
    }
    fs::write(root.join("docs/cli.md"), reference.stdout)?;
    Ok(())
}
