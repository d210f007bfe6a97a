//! Where the parts of a deployment are that are not in its table.

use std::collections::BTreeMap;
use std::path::PathBuf;

use shared::error::Error;
use url::Url;

/// The folder that `cargo dev` makes in the root of the workspace.
const FOLDER: &str = ".local";

/// The place of a deployment, or of a running `cargo dev`.
#[derive(Default)]
pub(crate) struct Place {
    /// The endpoint of its DynamoDB, if not AWS's.
    pub(crate) endpoint: Option<Url>,
    /// The folder of a running `cargo dev`, where one is named.
    pub(crate) data_dir: Option<PathBuf>,
    /// The name of its stack.
    pub(crate) stack: Option<String>,
    /// The outputs of its stack.
    pub(crate) outputs: BTreeMap<String, String>,
}

impl Place {
    /// Returns what was typed, or the output of the stack.
    pub(crate) fn output(&self, typed: Option<String>, key: &str) -> Option<String> {
        typed.or_else(|| self.outputs.get(key).cloned())
    }

    /// Returns the folder of a running `cargo dev`: the one that was named, or the nearest `.local` in the current folder or above it.
    pub(crate) fn folder(&self) -> PathBuf {
        if let Some(named) = &self.data_dir {
            return named.clone();
        }
        let current = std::env::current_dir().unwrap_or_default();
        let mut folders = current.ancestors().map(|folder| folder.join(FOLDER));
        folders
            .find(|folder| folder.is_dir())
            .unwrap_or_else(|| FOLDER.into())
    }

    /// Returns the message of an error, with what to start where `cargo dev` does not respond.
    pub(crate) fn explained(&self, error: &Error) -> String {
        match (error, &self.endpoint) {
            (Error::Unavailable(_), Some(endpoint)) => format!(
                "no DynamoDB responds at {}: start `cargo dev` first, or name another address by --endpoint ({error})",
                endpoint.as_str().trim_end_matches('/')
            ),
            (error, _) => error.to_string(),
        }
    }
}
