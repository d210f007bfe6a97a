//! Prints each figure that the project watches, with its aim. It fails where a size or a count of instructions has grown by more
//! than 5 %, where a cold start of `well-known` is too slow for API Gateway, and where the time of a log-in says whether a name exists;
//! no other time fails it.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints what it measured, and stops where it cannot go on"
)]

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Parser, ValueEnum};
use sam_template::{Function, Template};

mod best_hash;
mod cold_starts;
mod fixture;
mod instructions;
mod log_in;
mod mails;
mod one_time;
mod pairs;
mod ranks;
mod read;
mod record;
mod refresh;
mod sizes;

use fixture::Fixture;
use record::Record;

/// Measures the service.
#[derive(Parser)]
struct Options {
    /// Another build's binary of `token`, whose log-in is compared.
    #[arg(long)]
    over: Option<PathBuf>,
    /// Measures one group alone.
    #[arg(long)]
    only: Option<Group>,
    /// How many pairs the group `one-time` takes for each kind of row.
    #[arg(long, default_value_t = 2_000)]
    pairs: u32,
    /// Renews the record of sizes and instructions.
    #[arg(long, conflicts_with = "only")]
    write: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    Sizes,
    Times,
    /// Log-ins with wrong credentials, for each kind of row. It needs no release binaries.
    OneTime,
    Memory,
    Instructions,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let wants = |group| options.only.is_none_or(|only| only == group);
    let template = Template::of_this_project().unwrap();
    if options.only != Some(Group::OneTime) {
        build(template.functions());
    }
    let fixture = Fixture::start().await;
    let mut record = Record::read(options.write);
    if wants(Group::Sizes) {
        sizes::measure(template.functions(), &mut record);
    }
    if wants(Group::Times) {
        log_in::measure(&fixture, options.over.as_deref()).await;
        read::measure(&fixture).await;
        refresh::measure().await;
        cold_starts::measure(&fixture).await;
    }
    if wants(Group::OneTime) {
        mails::measure(options.pairs, &mut record).await;
        one_time::measure(options.pairs, &mut record).await;
    }
    if wants(Group::Memory) {
        sizes::memory(&fixture).await;
    }
    if wants(Group::Instructions) {
        instructions::measure(&fixture, &mut record).await;
    }
    record.finish()
}

/// Builds the binaries as a deployment does: package by package, so that none has the features of another.
fn build(functions: &[Function]) {
    let packages = functions.iter().map(|function| function.package.as_str());
    for package in packages.chain(["benches", "best-hash"]) {
        let profile = if package == "best-hash" { "best" } else { "release" };
        let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
        command.args(["build", "--profile", profile, "--package", package, "--bins"]);
        assert!(command.status().unwrap().success(), "{package} does not build");
    }
}
