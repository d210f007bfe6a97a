//! A proxy in front of the embedded engine that shows what the engine can't: a store that is slow, throttles or hangs up.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use testing::fault_proxy::{Fault, FaultProxy};
//!
//! let proxy = FaultProxy::start("http://127.0.0.1:8000").await?;
//! proxy.script_for("TransactWriteItems", [Fault::HangUpAfterWrite]);
//! // ... a client of `proxy.endpoint()` registers a user ...
//! assert_eq!(proxy.count("TransactWriteItems"), 2, "the client retried after the lost response");
//! # Ok(())
//! # }
//! ```

mod exception;
mod fault;
mod script;

pub use fault::Fault;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::future;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use reqwest::{Body, Client};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use script::Script;

/// The failure of a service, upon which hyper closes the connection without a response.
type HangUp = Box<dyn std::error::Error + Send + Sync>;

/// An HTTP/1.1 proxy on 127.0.0.1 that passes DynamoDB requests on to an engine, or does a fault to them.
///
/// It lives as long as this value, in the runtime that started it. A request that passes keeps its headers and its body, and so
/// does its response.
#[derive(Debug)]
pub struct FaultProxy {
    endpoint: String,
    script: Arc<Mutex<Script>>,
    server: JoinHandle<()>,
}

impl FaultProxy {
    /// Starts a proxy on any free port in front of the engine at `upstream`, such as `http://127.0.0.1:8000`.
    pub async fn start(upstream: &str) -> io::Result<Self> {
        let upstream = Upstream {
            endpoint: upstream.trim_end_matches('/').to_owned(),
            client: Client::new(),
        };
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

    /// Returns the base URL that a client uses in place of the engine's.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Does one of `faults` to each of the next requests, of any operation. Later requests pass, or meet the fault of
    /// [`always`](Self::always). Adds to an unfinished script.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.locked().add(None, faults);
    }

    /// Does the same as [`script`](Self::script) to the requests of one operation, such as `TransactWriteItems`. It has
    /// precedence over a script for all.
    pub fn script_for(&self, operation: &str, faults: impl IntoIterator<Item = Fault>) {
        self.locked().add(Some(operation), faults);
    }

    /// Does `fault` to every request that no script is for.
    pub fn always(&self, fault: Fault) {
        self.locked().always(None, fault);
    }

    /// Does the same as [`always`](Self::always) to the requests of one operation.
    pub fn always_for(&self, operation: &str, fault: Fault) {
        self.locked().always(Some(operation), fault);
    }

    /// Forgets every fault: from now on, requests pass.
    pub fn pass(&self) {
        self.locked().pass();
    }

    /// Returns the number of requests of an operation, such as `GetItem`. Each retry counts.
    pub fn count(&self, operation: &str) -> usize {
        self.locked()
            .seen
            .iter()
            .filter(|(seen, _)| seen == operation)
            .count()
    }

    /// Returns the operations of all requests, oldest first.
    pub fn operations(&self) -> Vec<String> {
        let seen = &self.locked().seen;
        seen.iter().map(|(operation, _)| operation.clone()).collect()
    }

    /// Returns the IAM actions that all requests need, a transaction those of its parts, each with the partition keys of its items: `user#*` for
    /// those that begin so.
    pub fn needs(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut needs = BTreeMap::new();
        for (operation, body) in &self.locked().seen {
            let request: Value = serde_json::from_slice(body).unwrap_or_default();
            let parts = request["TransactItems"].as_array().into_iter().flatten();
            let parts = parts.filter_map(Value::as_object).flatten();
            let parts = parts.map(|(kind, part)| (format!("{kind}Item"), part));
            let whole = (operation != "TransactWriteItems").then(|| (operation.clone(), &request));
            for (action, part) in parts.chain(whole) {
                let key = ["Key", "Item"]
                    .iter()
                    .find_map(|item| part[*item]["pk"]["S"].as_str());
                let key = key.map(|key| {
                    key.split_once('#')
                        .map_or(key.to_owned(), |(kind, _)| format!("{kind}#*"))
                });
                let keys: &mut BTreeSet<String> = needs.entry(format!("dynamodb:{action}")).or_default();
                keys.extend(key);
            }
        }
        needs
    }

    /// Returns the attributes that each `GetItem` asks for, oldest first; none where one asks for the whole item.
    pub fn attributes_read(&self) -> Vec<BTreeSet<String>> {
        let seen = &self.locked().seen;
        let reads = seen.iter().filter(|(operation, _)| operation == "GetItem");
        reads
            .map(|(_, body)| {
                let request: Value = serde_json::from_slice(body).unwrap_or_default();
                let names = &request["ExpressionAttributeNames"];
                let projected = request["ProjectionExpression"].as_str().unwrap_or_default();
                let name = |place: &str| names[place].as_str().unwrap_or(place).to_owned();
                projected
                    .split(',')
                    .map(str::trim)
                    .filter(|place| !place.is_empty())
                    .map(name)
                    .collect()
            })
            .collect()
    }

    /// Returns by whose key and for which region each request was signed, oldest first.
    pub fn signers(&self) -> Vec<(String, String)> {
        let signatures = &self.locked().signatures;
        signatures
            .iter()
            .map(|signature| {
                // `AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/dynamodb/aws4_request, …`
                let (_, scope) = signature.split_once("Credential=").unwrap_or_default();
                let mut parts = scope.split('/').map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default())
            })
            .collect()
    }

    /// Restarts the counts at zero.
    pub fn reset_counts(&self) {
        let mut script = self.locked();
        script.seen.clear();
        script.signatures.clear();
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

/// The engine behind the proxy.
#[derive(Clone)]
struct Upstream {
    endpoint: String,
    client: Client,
}

impl Upstream {
    async fn send(&self, head: Parts, body: Bytes) -> Result<Response<Body>, HangUp> {
        let url = format!("{}{}", self.endpoint, head.uri);
        let request = self.client.request(head.method, url).headers(head.headers);
        Ok(request.body(body).send().await?.into())
    }
}

async fn serve(listener: TcpListener, upstream: Upstream, script: Arc<Mutex<Script>>) {
    // A set of tasks, so that the connections are closed with the proxy.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, upstream.clone(), Arc::clone(&script)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, upstream: Upstream, script: Arc<Mutex<Script>>) {
    let service = service_fn(|request| handle(request, &upstream, &script));
    // An error is a connection that was closed early, by the client or by a fault.
    let _closed = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn handle(
    request: Request<Incoming>,
    upstream: &Upstream,
    script: &Mutex<Script>,
) -> Result<Response<Body>, HangUp> {
    let is_of_stream = is_of_stream(request.headers());
    let operation = operation(request.headers());
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    if is_of_stream {
        return upstream.send(head, body).await;
    }
    let signature = head.headers.get("authorization");
    let signature = signature.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    lock(script).signatures.push(signature.unwrap_or_default());
    let fault = lock(script).next(&operation, &body);
    match fault {
        Fault::Pass => upstream.send(head, body).await,
        Fault::Delay(time) => {
            tokio::time::sleep(time).await;
            upstream.send(head, body).await
        }
        Fault::Status500 => Ok(exception::internal_server_error()),
        Fault::Throttle => Ok(exception::throughput_exceeded()),
        Fault::TransactionConflict => Ok(exception::transaction_conflict(&operation, &body)),
        Fault::TransactionInProgress => Ok(exception::transaction_in_progress()),
        Fault::HangUpBefore => Err("hung up before the request reached the engine".into()),
        Fault::HangUpAfterWrite => {
            upstream.send(head, body).await?;
            Err("hung up before the engine's response reached the client".into())
        }
        Fault::CutAnswer => cut(upstream.send(head, body).await?).await,
        Fault::Hang => match future::pending::<Infallible>().await {},
    }
}

async fn cut(response: Response<Body>) -> Result<Response<Body>, HangUp> {
    let (mut head, body) = response.into_parts();
    let mut body = body.collect().await?.to_bytes();
    body.truncate(body.len().saturating_sub(1));
    head.headers.remove(hyper::header::CONTENT_LENGTH);
    Ok(Response::from_parts(head, Body::from(body)))
}

/// Reports whether a request is to DynamoDB Streams, another service at the same port. `cargo dev` reads the stream all the time, and no test
/// is about that.
fn is_of_stream(headers: &HeaderMap) -> bool {
    let target = headers
        .get("x-amz-target")
        .map_or(&b""[..], |target| target.as_bytes());
    target.starts_with(b"DynamoDBStreams_")
}

/// Returns the operation of a request: the part behind the dot of `X-Amz-Target: DynamoDB_20120810.GetItem`.
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
