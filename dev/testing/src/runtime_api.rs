//! A small Lambda Runtime API, and functions that run under it.
//!
//! It drives a function's real binary as Lambda does: the binary asks for an event over HTTP, and posts its answer back.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::{path::Path, time::Duration};
//! use testing::runtime_api::{Function, RuntimeApi};
//!
//! let api = RuntimeApi::start().await?;
//! let environment = [("TABLE_NAME".to_owned(), "UsersTable".to_owned())];
//! let mut function = Function::spawn(Path::new("target/debug/me"), environment, &api)?;
//! let answer = function.invoke(&serde_json::json!({"version": "2.0"}), Duration::from_secs(10)).await?;
//! assert_eq!(answer["statusCode"], 401);
//! # Ok(())
//! # }
//! ```

mod error;
mod exchange;
mod function;
mod server;

pub use error::InvocationError;
pub use function::Function;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use exchange::Exchange;

/// A Lambda Runtime API on 127.0.0.1, for one function.
///
/// It lives as long as this value, in the runtime that started it.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    exchange: Arc<Exchange>,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    /// Starts an API on any free port.
    ///
    /// # Errors
    ///
    /// If no port can be had.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let exchange = Arc::new(Exchange::default());
        let server = tokio::spawn(server::serve(listener, Arc::clone(&exchange)));
        Ok(Self {
            address,
            exchange,
            server,
        })
    }

    /// Host and port, which is the form that `AWS_LAMBDA_RUNTIME_API` takes.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Hands `event` to the function and waits for its answer, for no longer than `limit`, which is also the deadline that
    /// the function is told. A start that is still to come is part of it.
    ///
    /// # Errors
    ///
    /// [`InvocationError`] says whether the function failed, or could not start, or did not answer in time.
    pub async fn invoke(&self, event: &Value, limit: Duration) -> Result<Value, InvocationError> {
        self.exchange.invoke(event, limit).await
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}
