//! The file of the key ring under `cargo dev`, readable by its owner alone, with the content and the life of a deployment's
//! secret.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::ring::Ring;
use crate::error::Error;

/// The name of the file in the folder where `cargo dev` keeps its data.
pub const KEYS_FILE: &str = "signing-keys.json";

/// A file.
#[derive(Clone, Debug)]
pub struct RingFile {
    path: PathBuf,
}

impl RingFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Waits until no other program changes the ring, for as long as the returned file is open.
    pub(super) fn lock(&self) -> Result<File, Error> {
        let lock = || {
            let file = File::create(self.path.with_extension("lock"))?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(|error: io::Error| self.failed(&error.to_string()))
    }

    /// Reads the document.
    pub(super) fn document(&self) -> io::Result<Zeroizing<String>> {
        std::fs::read_to_string(&self.path).map(Zeroizing::new)
    }

    /// Reads the ring; one without keys where there is no file.
    pub(super) fn read(&self) -> Result<Ring, Error> {
        match self.document() {
            Ok(document) => Ring::parse(&document).map_err(|error| self.failed(&error.to_string())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Ring::default()),
            Err(error) => Err(self.failed(&error.to_string())),
        }
    }

    /// Replaces the ring, whole or not at all: a function may read it at any time. The caller holds the lock.
    pub(super) fn write(&self, ring: &Ring) -> Result<(), Error> {
        let document = ring.document().map_err(|error| self.failed(&error.to_string()))?;
        let next = self.path.with_extension("next");
        let write = || {
            let mut file = owners_alone().open(&next)?;
            file.write_all(document.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&next, &self.path)
        };
        // What an earlier run left may have other permissions.
        let removed = std::fs::remove_file(&next).or_else(|error| match error.kind() {
            ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        });
        removed.and_then(|()| write()).map_err(|error| {
            let _best_effort = std::fs::remove_file(&next);
            self.failed(&error.to_string())
        })
    }

    fn failed(&self, rule: &str) -> Error {
        Error::internal("the signing keys", format!("{} {rule}", self.path.display()))
    }
}

fn owners_alone() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
