//! The data file.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use dynoxide::Database;

use super::EngineError;

pub(super) fn open(path: &Path) -> Result<Database, EngineError> {
    let refused = |reason: String| EngineError::File {
        path: path.to_owned(),
        reason,
    };
    let name = path
        .to_str()
        .ok_or_else(|| refused("its name is not UTF-8".to_owned()))?;
    create(path).map_err(|error| refused(error.to_string()))?;
    Database::new(name).map_err(|error| refused(error.to_string()))
}

/// Creates the file before SQLite does, which would let every user read it. SQLite gives its side files (`-wal`, `-shm`)
/// the mode of the file itself. An existing file keeps its content and its mode.
fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
