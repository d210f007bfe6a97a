//! A running `cargo dev`.

use std::fs::{self, File, TryLockError};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use shared::env::process_variable;
use url::Url;

/// The DynamoDB of a `cargo dev` with the default options, which may keep nothing.
const DYNAMODB_URL: &str = "http://127.0.0.1:8000";
/// The file below the data folder that a running `cargo dev` has locked.
const LOCK_FILE: &str = "lock";
/// The files below the data folder that say where it serves and where its DynamoDB is.
const URL_FILE: &str = "url";
const DYNAMODB_URL_FILE: &str = "dynamodb-url";

/// Returns the data folder: the one that was named, or that of the workspace below `cargo`, and of the current folder elsewhere.
pub(crate) fn folder(named: Option<&Path>) -> PathBuf {
    if let Some(named) = named {
        return named.to_owned();
    }
    let package = process_variable("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let workspace = package.as_deref().and_then(Path::parent);
    workspace.unwrap_or(Path::new("")).join(".local")
}

/// Finds the DynamoDB of the `cargo dev` that keeps its data in a folder, or else of one that keeps nothing.
pub(crate) fn endpoint(folder: &Path) -> Result<String, String> {
    let endpoint = said_in(folder, DYNAMODB_URL_FILE).unwrap_or_else(|| DYNAMODB_URL.to_owned());
    if !responds(&endpoint) {
        return Err(format!(
            "no `cargo dev` runs here: nothing listens at {endpoint}. Start it, or name another deployment with --data-dir, --endpoint or --stack"
        ));
    }
    Ok(endpoint)
}

/// Finds where the `cargo dev` that keeps its data in a folder serves.
pub(crate) fn url(folder: &Path) -> Option<String> {
    said_in(folder, URL_FILE)
}

/// Returns what the process that has the folder said in a file; `None` where none has it.
fn said_in(folder: &Path, file: &str) -> Option<String> {
    let lock = File::open(folder.join(LOCK_FILE)).ok()?;
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => fs::read_to_string(folder.join(file)).ok(),
        _ => None,
    }
}

/// Reports whether something listens there, since the SDK would try for a long time.
fn responds(endpoint: &str) -> bool {
    let addresses = Url::parse(endpoint)
        .ok()
        .and_then(|url| url.socket_addrs(|| None).ok());
    addresses.is_some_and(|addresses| TcpStream::connect(&*addresses).is_ok())
}
