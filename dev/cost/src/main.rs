//! Prints what Latchkey costs to run, or renews `docs/cost.md` with it.
#![expect(
    clippy::print_stdout,
    reason = "a command line program talks to the person who started it"
)]

use std::error::Error;
use std::path::Path;

use clap::Parser;
use cost::{Inputs, document};

/// Prints what Latchkey costs to run, from cost/prices.toml, cost/measured.toml and cost/assumed.toml.
#[derive(Parser)]
struct Arguments {
    /// Write docs/cost.md instead.
    #[arg(long)]
    write: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let text = document(&Inputs::committed()?);
    if arguments.write {
        std::fs::write(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cost.md"),
            text,
        )?;
    } else {
        print!("{text}");
    }
    Ok(())
}
