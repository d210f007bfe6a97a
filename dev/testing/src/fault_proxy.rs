//! A proxy before the embedded engine that shows what the engine can't: a store that is slow, throttles, or hangs up.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use testing::fault_proxy::{Fault, FaultProxy};
//!
//! let proxy = FaultProxy::start("http://127.0.0.1:8000").await?;
//! proxy.script_for("TransactWriteItems", [Fault::HangUpAfterWrite]);
//! // ... a client of `proxy.endpoint()` registers a user ...
//! assert_eq!(proxy.count("TransactWriteItems"), 2, "the lost answer was asked for again");
//! # Ok(())
//! # }
//! ```

mod answer;
mod fault;
mod script;
mod upstream;

pub use fault::Fault;

use std::convert::Infallible;
use std::future;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use script::Script;
use upstream::Upstream;

/// The failure of a service, upon which hyper closes the connection without an answer.
type HangUp = Box<dyn std::error::Error + Send + Sync>;

/// An HTTP/1.1 proxy on 127.0.0.1 that passes DynamoDB requests on to an engine, or does to them what it was told.
///
/// It lives as long as this value, in the runtime that started it. Whatever passes, passes with the headers and the body
/// that it came with.
#[derive(Debug)]
pub struct FaultProxy {
    endpoint: String,
    script: Arc<Mutex<Script>>,
    server: JoinHandle<()>,
}

impl FaultProxy {
    /// Starts a proxy on any free port in front of the engine at `upstream`, such as `http://127.0.0.1:8000`.
    ///
    /// # Errors
    ///
    /// If no port can be had, or if `upstream` is no plain HTTP base URL.
    pub async fn start(upstream: &str) -> io::Result<Self> {
        let upstream = Upstream::new(upstream)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let script = Arc::new(Mutex::new(Script::default()));
        let server = tokio::spawn(serve(listener, upstream, Arc::clone(&script)));
        Ok(Self {
            endpoint,
            script,
            server,
        })
    }

    /// The base URL to give to a client in place of the engine's.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Does one of `faults` to each of the next requests, whatever they ask for. Afterwards requests pass, or meet what
    /// [`always`](Self::always) says. Adds to an unfinished script.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.locked().add(None, faults);
    }

    /// Like [`script`](Self::script), for the requests of one operation, such as `TransactWriteItems`, alone. It goes
    /// before a script for all.
    pub fn script_for(&self, operation: &str, faults: impl IntoIterator<Item = Fault>) {
        self.locked().add(Some(operation), faults);
    }

    /// Does `fault` to every request that no script is for.
    pub fn always(&self, fault: Fault) {
        self.locked().always(None, fault);
    }

    /// Like [`always`](Self::always), for the requests of one operation alone.
    pub fn always_for(&self, operation: &str, fault: Fault) {
        self.locked().always(Some(operation), fault);
    }

    /// Forgets every fault: from now on, requests pass.
    pub fn pass(&self) {
        self.locked().pass();
    }

    /// How many requests for an operation, such as `GetItem`, have come in. Each retry counts.
    #[must_use]
    pub fn count(&self, operation: &str) -> usize {
        self.locked()
            .seen
            .iter()
            .filter(|seen| *seen == operation)
            .count()
    }

    /// The operations that were asked for, in the order in which they came in.
    #[must_use]
    pub fn operations(&self) -> Vec<String> {
        self.locked().seen.clone()
    }

    /// Starts counting anew.
    pub fn reset_counts(&self) {
        self.locked().seen.clear();
    }

    fn locked(&self) -> MutexGuard<'_, Script> {
        lock(&self.script)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, upstream: Upstream, script: Arc<Mutex<Script>>) {
    // A set of tasks, so that the connections end with the proxy.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, upstream.clone(), Arc::clone(&script)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, upstream: Upstream, script: Arc<Mutex<Script>>) {
    let service = service_fn(|request| handle(request, &upstream, &script));
    // An error is a connection that ended early, which is what a test asked for, or did itself.
    let _ended = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn handle(
    request: Request<Incoming>,
    upstream: &Upstream,
    script: &Mutex<Script>,
) -> Result<Response<Full<Bytes>>, HangUp> {
    let operation = operation(request.headers());
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let fault = lock(script).next(&operation);
    match fault {
        Fault::Pass => {}
        Fault::Delay(time) => tokio::time::sleep(time).await,
        Fault::Status500 => return Ok(answer::internal_server_error()),
        Fault::Throttle => return Ok(answer::throughput_exceeded()),
        Fault::TransactionConflict => return Ok(answer::transaction_conflict(&operation, &body)),
        Fault::TransactionInProgress => return Ok(answer::transaction_in_progress()),
        Fault::HangUpBefore => return Err("hung up before the request reached the engine".into()),
        Fault::HangUpAfterWrite => {
            upstream.send(Request::from_parts(head, Full::new(body))).await?;
            return Err("hung up before the engine's answer reached the client".into());
        }
        Fault::CutAnswer => {
            let answer = upstream.send(Request::from_parts(head, Full::new(body))).await?;
            return cut(answer).await;
        }
        Fault::Hang => match future::pending::<Infallible>().await {},
    }
    upstream.send(Request::from_parts(head, Full::new(body))).await
}

async fn cut(answer: Response<Full<Bytes>>) -> Result<Response<Full<Bytes>>, HangUp> {
    let (mut head, body) = answer.into_parts();
    let mut body = body.collect().await?.to_bytes();
    body.truncate(body.len().saturating_sub(1));
    head.headers.remove(hyper::header::CONTENT_LENGTH);
    Ok(Response::from_parts(head, Full::new(body)))
}

/// The operation of a request: what stands behind the dot of `X-Amz-Target: DynamoDB_20120810.GetItem`.
fn operation(headers: &HeaderMap) -> String {
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default().to_owned()
}

/// No lock is held over anything that can panic, so a poisoned one holds whole values too.
fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}
