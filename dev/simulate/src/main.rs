//! Prints the model's section of `docs/load.md`; `--write` puts it there.
#![expect(clippy::print_stdout, reason = "what it computes is what it is run for")]

use std::error::Error;

use clap::Parser;
use simulate::{document, report};

#[derive(Parser)]
#[command(about = "A model of log-ins under load, as the section of docs/load.md")]
struct Arguments {
    /// Renews the section in docs/load.md instead of printing it.
    #[arg(long)]
    write: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let section = report::markdown()?;
    if !arguments.write {
        print!("{section}");
        return Ok(());
    }
    let old = std::fs::read_to_string(document::FILE)?;
    let new =
        document::with_section(&old, &section).ok_or("docs/load.md has lost a marker of this section")?;
    std::fs::write(document::FILE, new)?;
    Ok(())
}
