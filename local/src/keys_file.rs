//! The signing keys of the laptop: a file that its owner alone can read, made at the first start and kept.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use shared::keys::{Kind, SigningKeys, generate};

use crate::StartError;

/// The keys of the file, which is made if it is not there.
pub(crate) fn load_or_make(path: &Path) -> Result<SigningKeys, StartError> {
    let failed = |error: std::io::Error| StartError::KeysFile(format!("{}: {error}", path.display()));
    let document = match std::fs::read_to_string(path) {
        Ok(document) => zeroize::Zeroizing::new(document),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let document = generate(Kind::Rs256).map_err(|error| StartError::KeysFile(error.to_string()))?;
            write_for_owner(path, &document).map_err(failed)?;
            document
        }
        Err(error) => return Err(failed(error)),
    };
    SigningKeys::parse(&document).map_err(|error| StartError::KeysFile(format!("{} {error}", path.display())))
}

fn write_for_owner(path: &Path, document: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(document.as_bytes())?;
    file.sync_all()
}
