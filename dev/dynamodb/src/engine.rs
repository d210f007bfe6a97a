//! The embedded engine: dynoxide on a loopback port, behind a front that refuses web pages.

mod data;
mod error;
mod front;
mod schema;

pub use error::EngineError;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::thread::{self, JoinHandle};

use dynoxide::Database;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tracing::subscriber::{self, NoSubscriber};

use sam_template::Template;

/// A DynamoDB API on 127.0.0.1 that lives as long as this value.
///
/// Each table of the template exists under its logical id. The engine has its own thread and runtime, so that it does not
/// depend on the caller's. After [`Engine::stop`] or a drop, the port is free and the data file is closed. Its log is
/// discarded, because each failed condition would be a warning.
#[derive(Debug)]
pub struct Engine {
    port: u16,
    endpoint: String,
    /// Dropping it is the request to stop.
    stop: Option<oneshot::Sender<()>>,
    /// Resolves, as an error, once the thread has released everything.
    stopped: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts an engine on any free port that keeps its data in memory. A start takes milliseconds, so each test can have its
    /// own engine.
    ///
    /// # Errors
    ///
    /// [`EngineError::Table`] for a table that DynamoDB would refuse.
    pub fn in_memory(template: &Template) -> Result<Self, EngineError> {
        Self::in_memory_on(template, 0)
    }

    /// Starts an engine on `port` (any free one for 0) that keeps its data in memory.
    ///
    /// # Errors
    ///
    /// [`EngineError::PortTaken`], or [`EngineError::Table`] for a table that DynamoDB would refuse.
    pub fn in_memory_on(template: &Template, port: u16) -> Result<Self, EngineError> {
        let listener = listen(port)?;
        let database = Database::memory().map_err(|error| EngineError::Start(io::Error::other(error)))?;
        Self::serve(listener, database, template)
    }

    /// Starts an engine on `port` (any free one for 0) that keeps its data in the file `path`.
    ///
    /// A new file is readable by its owner alone, because it holds password hashes. Its folder must exist. An existing file
    /// keeps its items.
    ///
    /// # Errors
    ///
    /// [`EngineError::PortTaken`], [`EngineError::File`] if the file can't be created or opened, and
    /// [`EngineError::TableDiffers`] if the file holds a table that the template has since changed.
    pub fn in_file(path: &Path, template: &Template, port: u16) -> Result<Self, EngineError> {
        // The port first, so that two engines of one checkout conflict at the port and not inside one file.
        let listener = listen(port)?;
        let database = data::open(path)?;
        Self::serve(listener, database, template)
    }

    /// Returns the base URL for a client, such as `http://127.0.0.1:8000`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops the engine and returns when its port is free and its data file is closed. Connections are closed; a request in
    /// progress is completed.
    pub async fn stop(mut self) {
        self.stop = None;
        if let Some(stopped) = self.stopped.take() {
            // The expected result is an error: the thread dropped its sender.
            let _dropped = stopped.await;
        }
    }

    fn serve(listener: TcpListener, database: Database, template: &Template) -> Result<Self, EngineError> {
        for table in template.tables() {
            schema::ensure(&database, table)?;
        }
        let port = listener.local_addr().map_err(EngineError::Start)?.port();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(EngineError::Start)?;
        let (stop, asked_to_stop) = oneshot::channel();
        let (alive, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("embedded-dynamodb".to_owned())
            .spawn(move || {
                // Dropped last, after the runtime and with it every handle of the database.
                let _alive: oneshot::Sender<()> = alive;
                let _quiet = subscriber::set_default(NoSubscriber::default());
                run(runtime, listener, database, asked_to_stop);
            })
            .map_err(EngineError::Start)?;
        Ok(Self {
            port,
            endpoint: format!("http://{}:{port}", Ipv4Addr::LOCALHOST),
            stop: Some(stop),
            stopped: Some(stopped),
            thread: Some(thread),
        })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // The thread stops at its next await, at most one request later. If it panicked, the panic is already printed,
            // and a second one in a drop would abort.
            let _joined = thread.join();
        }
    }
}

fn run(runtime: Runtime, listener: TcpListener, database: Database, asked_to_stop: oneshot::Receiver<()>) {
    runtime.block_on(async move {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
            return;
        };
        tokio::select! {
            _ = front::serve(listener, database) => {}
            _ = asked_to_stop => {}
        }
    });
    // The connections are tasks of this runtime, each with a handle of the database: this stops them.
    drop(runtime);
}

fn listen(port: u16) -> Result<TcpListener, EngineError> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| EngineError::bind(port, source))?;
    listener.set_nonblocking(true).map_err(EngineError::Start)?;
    Ok(listener)
}
