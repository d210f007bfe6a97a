//! Why an engine does not start.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why an engine does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum EngineError {
    /// Another program serves this port already.
    PortTaken {
        /// The requested port.
        port: u16,
    },
    /// The port can't be bound for another reason, such as a missing permission.
    Port {
        /// The requested port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The data file can't be created or opened, is not an engine's, or was written by a newer engine.
    File {
        /// The file.
        path: PathBuf,
        /// The message of the system or the engine.
        reason: String,
    },
    /// The engine refuses a table of the template.
    Table {
        /// The table's logical id.
        logical_id: String,
        /// The engine's message.
        reason: String,
    },
    /// The data file holds the table with another key or other indexes than the template's.
    TableDiffers {
        /// The table's logical id.
        logical_id: String,
    },
    /// The system provides no thread or no event loop.
    Start(io::Error),
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

impl fmt::Display for EngineError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PortTaken { port } => write!(out, "port {port} is taken by another program"),
            Self::Port { port, source } => write!(out, "port {port} can't be served: {source}"),
            Self::File { path, reason } => {
                write!(out, "the data file {} can't be opened: {reason}", path.display())
            }
            Self::Table { logical_id, reason } => {
                write!(out, "the table {logical_id} can't be created: {reason}")
            }
            Self::TableDiffers { logical_id } => write!(
                out,
                "the data file holds {logical_id} with another key or other indexes than the template: remove the file"
            ),
            Self::Start(source) => write!(out, "the embedded DynamoDB can't start: {source}"),
        }
    }
}

impl Error for EngineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Port { source, .. } | Self::Start(source) => Some(source),
            Self::PortTaken { .. } | Self::File { .. } | Self::Table { .. } | Self::TableDiffers { .. } => {
                None
            }
        }
    }
}
