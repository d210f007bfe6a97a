//! Why an engine does not start.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why an engine does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Another program serves this port already.
    #[error("port {port} is taken by another program")]
    PortTaken {
        /// The requested port.
        port: u16,
    },
    /// The port can't be bound for another reason, such as a missing permission.
    #[error("port {port} can't be served: {source}")]
    Port {
        /// The requested port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The data file can't be created or opened, is not an engine's, or was written by a newer engine.
    #[error("the data file {path} can't be opened: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The message of the system or the engine.
        reason: String,
    },
    /// The engine refuses a table of the template.
    #[error("the table {logical_id} can't be created: {reason}")]
    Table {
        /// The table's logical id.
        logical_id: String,
        /// The engine's message.
        reason: String,
    },
    /// The data file holds the table with another key or other indexes than the template's.
    #[error(
        "the data file holds {logical_id} with another key or other indexes than the template: remove the file"
    )]
    TableDiffers {
        /// The table's logical id.
        logical_id: String,
    },
    /// The system provides no thread or no event loop.
    #[error("the embedded DynamoDB can't start: {0}")]
    Start(#[source] io::Error),
}

impl EngineError {
    pub(super) fn bind(port: u16, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AddrInUse {
            Self::PortTaken { port }
        } else {
            Self::Port { port, source }
        }
    }
}
