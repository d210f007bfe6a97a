//! Where `cargo dev` keeps users and keys.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use shared::keys::KEYS_FILE;
use shared::random;
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::StartError;

/// The file of the embedded engine below the data folder.
const DYNAMODB_FILE: &str = "dynamodb.sqlite";
/// The file of the key of mailed tokens.
const MAIL_KEY_FILE: &str = "mail-key";
/// As long as the hash that tokens are derived with (RFC 2104 section 3).
const MAIL_KEY_BYTES: usize = 32;
/// The folder of the mails that were sent.
const MAIL_FOLDER: &str = "mail";
/// The file that the one `cargo dev` of the data folder has locked.
const LOCK_FILE: &str = "lock";
/// The files that say where it serves and where its DynamoDB is, for `cargo latchkey`.
const URL_FILE: &str = "url";
const DYNAMODB_URL_FILE: &str = "dynamodb-url";

/// The file below the workspace's folder that names the folder of one that keeps nothing.
const IN_MEMORY_FILE: &str = "in-memory";

/// Where users and keys are kept.
#[derive(Clone, Debug)]
pub enum Data {
    /// Nowhere: they vanish with the process.
    InMemory,
    /// In a folder, which is created if it does not exist.
    Folder(PathBuf),
}

/// Returns the workspace's data folder, wherever in it a command is started: the one that Git ignores.
pub fn default_folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.unwrap_or(Path::new("")).join(".local")
}

/// Says in the workspace's folder which one a service in memory has.
pub fn announce_in_memory(scratch: &Path) -> std::io::Result<()> {
    let folder = default_folder();
    std::fs::create_dir_all(&folder)?;
    std::fs::write(
        folder.join(IN_MEMORY_FILE),
        scratch.as_os_str().as_encoded_bytes(),
    )
}

/// Returns a path as short as it can be typed in the current folder.
pub fn short(path: &Path) -> &Path {
    std::env::current_dir()
        .ok()
        .and_then(|current| path.strip_prefix(current).ok())
        .unwrap_or(path)
}

/// Writes a file that its owner alone can read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

/// A data folder that is in use by this process alone: two engines do not know of each other's idempotency tokens, and two
/// services would rotate the same keys.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Kept: the folder is free when it is closed.
    _lock: File,
    /// Kept: the keys of a service in memory live in a folder that goes with it.
    _scratch: Option<TempDir>,
}

impl Folder {
    pub(crate) fn open(data: &Data) -> Result<Self, StartError> {
        let (path, scratch) = match data {
            Data::InMemory => {
                let scratch =
                    tempfile::tempdir().map_err(|error| StartError::Folder(std::env::temp_dir(), error))?;
                (scratch.path().to_owned(), Some(scratch))
            }
            Data::Folder(folder) => (folder.clone(), None),
        };
        let failed = |error| StartError::Folder(path.clone(), error);
        std::fs::create_dir_all(&path).map_err(failed)?;
        let lock = File::create(path.join(LOCK_FILE)).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StartError::FolderTaken(path.clone()),
            TryLockError::Error(error) => failed(error),
        })?;
        Ok(Self {
            path,
            _lock: lock,
            _scratch: scratch,
        })
    }

    /// Says where this process serves and where its DynamoDB is, as long as it has the folder.
    pub(crate) fn announce(&self, url: &str, dynamodb: &str) -> Result<(), StartError> {
        let written = std::fs::write(self.path.join(URL_FILE), url)
            .and_then(|()| std::fs::write(self.path.join(DYNAMODB_URL_FILE), dynamodb));
        written.map_err(|error| StartError::Folder(self.path.clone(), error))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn keys_file(&self) -> PathBuf {
        self.path.join(KEYS_FILE)
    }

    /// Returns the folder of the mails that were sent; it is created if it does not exist.
    pub(crate) fn mail_folder(&self) -> Result<PathBuf, StartError> {
        let folder = self.path.join(MAIL_FOLDER);
        match std::fs::create_dir_all(&folder) {
            Ok(()) => Ok(folder),
            Err(error) => Err(StartError::Folder(folder, error)),
        }
    }

    /// Returns the file of the key of mailed tokens; a new one has random bytes that its owner alone can read.
    pub(crate) fn mail_key_file(&self) -> Result<PathBuf, StartError> {
        let path = self.path.join(MAIL_KEY_FILE);
        if !path.exists() {
            let key = Zeroizing::new(random::bytes::<MAIL_KEY_BYTES>()?);
            write_private(&path, &*key).map_err(|error| StartError::Folder(path.clone(), error))?;
        }
        Ok(path)
    }

    pub(crate) fn dynamodb_file(&self) -> PathBuf {
        self.path.join(DYNAMODB_FILE)
    }
}
