//! `cargo dev`: the whole service on this machine, until Ctrl-C.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to the person who started it"
)]

use std::fs::File;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use local::data::{announce_in_memory, default_folder, short};
use local::{Data, Example, Limits, Options, Service, TABLE_NAME};
use shared::clock::Clock;
use shared::env::process_variable;
use shared::logging;

/// Runs Latchkey on this machine, on an embedded DynamoDB.
#[derive(Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev", version)]
struct Arguments {
    /// The address of the API; another one than loopback opens it to other machines.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port of the API; 0 for any free one.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The port of the embedded DynamoDB; 0 for any free one.
    #[arg(long, default_value_t = 8000)]
    dynamodb_port: u16,
    /// Where users and signing keys are kept.
    #[arg(long, default_value_os_t = default_folder(), conflicts_with = "in_memory")]
    data_dir: PathBuf,
    /// Keep nothing.
    #[arg(long)]
    in_memory: bool,
    /// An API of its own to serve on the same port, such as examples/links.
    #[arg(long, value_enum)]
    example: Option<Example>,
}

#[tokio::main]
async fn main() -> ExitCode {
    // The alias `cargo dev` ends in `--`; a second one means the same.
    let given = std::env::args_os()
        .enumerate()
        .filter(|(index, word)| (*index, word.to_str()) != (1, Some("--")));
    let arguments = Arguments::parse_from(given.map(|(_, word)| word));
    let log = if arguments.in_memory {
        None
    } else {
        log_file(&arguments.data_dir)
    };
    match log.as_ref().and_then(|log| log.try_clone().ok()) {
        Some(copy) => logging::init_with_file(copy),
        None => logging::init(),
    }
    match serve(arguments, log).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Opens the log that `latchkey explain` reads. Where that fails, so does the start, which says why.
fn log_file(folder: &Path) -> Option<File> {
    std::fs::create_dir_all(folder).ok()?;
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(folder.join(logging::LOG_FILE)).ok()
}

async fn serve(arguments: Arguments, log: Option<File>) -> Result<(), Box<dyn std::error::Error>> {
    let data = if arguments.in_memory {
        Data::InMemory
    } else {
        Data::Folder(arguments.data_dir.clone())
    };
    let options = Options {
        host: arguments.host,
        port: arguments.port,
        dynamodb_port: arguments.dynamodb_port,
        data,
        dynamodb: None,
        example: arguments.example,
        limits: Limits::default(),
    };
    let service = Service::start(options, process_variable, Clock::system()).await?;
    // From here on the folder is this program's: what an earlier one logged goes.
    if let Some(log) = log {
        log.set_len(0)?;
    }
    let kept = if arguments.in_memory {
        // Without it `cargo latchkey` needs --endpoint.
        let _unannounced = announce_in_memory(service.folder());
        "nothing is kept".to_owned()
    } else {
        format!(
            "users and signing keys are kept in {}",
            short(&arguments.data_dir).display()
        )
    };
    println!("Latchkey  {}", service.url());
    println!(
        "DynamoDB  {}  (table {TABLE_NAME}, any credentials)",
        service.dynamodb_url()
    );
    println!("Data      {kept}");
    if let Some(mailbox) = service.mailbox_url() {
        println!("Mail      {mailbox}");
    }
    println!("Routes    {}", service.routes().join(", "));
    println!();
    println!("Try:");
    println!(
        "  curl -i {}/register -H 'content-type: application/json' -d '{{\"username\":\"johndoe\",\"password\":\"correct horse battery\"}}'",
        service.url()
    );
    println!(
        "  curl -i {}/token -d username=johndoe --data-urlencode 'password=correct horse battery'",
        service.url()
    );
    println!();
    if !service.address().ip().is_loopback() {
        eprintln!(
            "warning: {} is open to other machines: they can register, log in and read the mails, and passwords cross the network unencrypted. \
             The tokens' issuer is {}.",
            service.address(),
            service.issuer()
        );
    }
    println!("Ctrl-C ends it.");
    service.run(interrupted()).await?;
    Ok(())
}

/// Ctrl-C, or what a supervisor sends.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
