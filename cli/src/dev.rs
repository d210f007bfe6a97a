//! A running `cargo dev`.

use std::fs::{self, File, TryLockError};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shared::env::process_variable;
use shared::keys::KEYS_FILE;
use url::Url;

/// The file below its folder that it has locked.
const LOCK_FILE: &str = "lock";
/// The files below its folder that say where it serves and where its DynamoDB is.
const URL_FILE: &str = "url";
const DYNAMODB_URL_FILE: &str = "dynamodb-url";
/// The file below the workspace's folder that names the folder of one that keeps nothing.
const IN_MEMORY_FILE: &str = "in-memory";
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A running `cargo dev`.
pub(crate) struct Dev {
    /// The folder of its keys.
    folder: PathBuf,
    /// Where it serves.
    pub(crate) url: String,
    /// Where its DynamoDB is.
    pub(crate) dynamodb: String,
}

impl Dev {
    /// Finds the one of a data folder, or else one that keeps nothing; `None` where none runs, since its folder is not locked.
    pub(crate) fn find(folder: &Path) -> Option<Self> {
        Self::in_folder(folder).or_else(|| {
            let scratch = fs::read_to_string(folder.join(IN_MEMORY_FILE)).ok()?;
            Self::in_folder(Path::new(&scratch))
        })
    }

    /// Returns the file of its private keys.
    pub(crate) fn keys_file(&self) -> PathBuf {
        self.folder.join(KEYS_FILE)
    }

    /// Returns the variables by which its key ring is found; all others are those of the environment.
    pub(crate) fn ring_variable(&self, name: &str) -> Option<String> {
        match name {
            "SIGNING_KEYS_FILE" => Some(self.keys_file().display().to_string()),
            "SIGNING_KEYS_SECRET" => None,
            name => process_variable(name),
        }
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let lock = File::open(folder.join(LOCK_FILE)).ok()?;
        let Err(TryLockError::WouldBlock) = lock.try_lock_shared() else {
            return None;
        };
        let said = |file: &str| fs::read_to_string(folder.join(file)).ok();
        Some(Self {
            folder: folder.to_owned(),
            url: said(URL_FILE)?,
            dynamodb: said(DYNAMODB_URL_FILE)?,
        })
    }
}

/// Returns the data folder: the one that was named, or that of the workspace below `cargo`, and of the current folder elsewhere.
pub(crate) fn folder(named: Option<&Path>) -> PathBuf {
    if let Some(named) = named {
        return named.to_owned();
    }
    let package = process_variable("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let workspace = package.as_deref().and_then(Path::parent);
    workspace.unwrap_or(Path::new("")).join(".local")
}

/// Reports whether something listens at an endpoint, since the SDK would try for a long time.
pub(crate) fn listens(endpoint: &str) -> bool {
    let addresses = Url::parse(endpoint)
        .ok()
        .and_then(|url| url.socket_addrs(|| None).ok());
    let mut addresses = addresses.into_iter().flatten();
    addresses.any(|address| TcpStream::connect_timeout(&address, CONNECT).is_ok())
}
