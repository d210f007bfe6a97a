//! What Latchkey costs to run and which limits a growing load meets, computed from `assumptions.toml` and `template.yaml`.
//!
//! The tables of `docs/cost.md`, `docs/load.md` and `docs/sessions.md` are the result; their prose is written by hand and names no computed figure. Every
//! result is a closed formula over means: rate × duration is the concurrency (Little's law), and a limit over what one log-in needs
//! is the rate at which the limit is reached.
#![expect(clippy::print_stdout, reason = "a command line program prints its result")]

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::Parser;

mod assumptions;
mod cost;
mod cost_tables;
mod limits;
mod load_tables;
mod mail;
mod markdown;
mod model;
mod price;
mod stack;

use model::Model;

/// Computes the tables of docs/cost.md, docs/load.md and docs/sessions.md from dev/capacity/assumptions.toml and template.yaml.
#[derive(Parser)]
struct Arguments {
    /// Writes the documents instead of printing them.
    #[arg(long)]
    write: bool,
}

/// A document's path, and its text with the committed and with the computed tables.
type Document = (PathBuf, String, String);

fn documents() -> Result<[Document; 3], Box<dyn Error>> {
    let model = Model::of_this_project()?;
    let document = |name, tables: &[(&str, String)]| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../docs")
            .join(name);
        let old = std::fs::read_to_string(&path)?;
        let new = markdown::with_tables(&old, tables).map_err(|error| format!("docs/{name}: {error}"))?;
        Ok::<_, Box<dyn Error>>((path, old, new))
    };
    Ok([
        document("cost.md", &cost_tables::tables(&model))?,
        document("load.md", &load_tables::tables(&model))?,
        document("sessions.md", &[("sessions", cost_tables::sessions(&model))])?,
    ])
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    for (path, _, new) in documents()? {
        if arguments.write {
            std::fs::write(path, new)?;
        } else {
            println!("{new}");
        }
    }
    Ok(())
}

#[test]
fn the_committed_documents_have_the_computed_tables() {
    for (path, old, new) in documents().unwrap() {
        let path = path.display();
        assert!(
            old == new,
            "{path} is old; renew it: cargo run -p capacity -- --write"
        );
    }
}
