//! The server in front of dynoxide's own, which answers every web page (`access-control-allow-origin: *`): a page could read and
//! rewrite the table. A request with an `Origin`, or with a `Host` that is not loopback (a page whose name was rebound to
//! 127.0.0.1), is refused here.
//!
//! dynoxide lends no router that could be called in place, only a server on a port. So that this port is no second way in, each such
//! server accepts one connection, the front's, and no other afterwards. One that has closed its connection is replaced.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use dynoxide::Database;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// The largest body of DynamoDB.
const LARGEST_BODY: usize = 16 * 1024 * 1024;
/// The most bytes of a request's head: far more than an SDK sends, and far less than dynoxide's server accepts.
const LARGEST_HEAD: usize = 64 * 1024;
/// How long a client may take for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take for the body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The headers that dynoxide reads. It never sees another one, such as `Connection: close`.
const PASSED_ON: [HeaderName; 6] = [
    HOST,
    CONTENT_TYPE,
    AUTHORIZATION,
    DATE,
    HeaderName::from_static("x-amz-date"),
    HeaderName::from_static("x-amz-target"),
];

const REFUSED: &str = "This DynamoDB is for programs on this machine: no Origin, and a Host that is localhost, 127.0.0.0/8 or [::1].\n";

/// dynoxide's server and the connection to it.
struct Backend {
    database: Database,
    /// `None` before the first request and after a failure.
    connection: Mutex<Option<Connection>>,
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Kept, since it closes the connection, and not polled again, since it would accept others.
    _server: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Serves `database` on `listener`, by HTTP/1.1 alone.
pub(super) async fn serve(listener: TcpListener, database: Database) -> io::Result<()> {
    let backend = Arc::new(Backend {
        database,
        connection: Mutex::new(None),
    });
    let router = Router::new()
        .fallback(pass_on)
        .layer(from_fn(guard))
        .with_state(backend);
    let mut server = axum_server::from_tcp(listener.into_std()?)?.http1_only();
    server
        .http_builder()
        .http1()
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(LARGEST_HEAD);
    server.serve(router.into_make_service()).await
}

async fn guard(request: Request, next: Next) -> Response {
    if is_local(request.uri(), request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, REFUSED).into_response()
    }
}

fn is_local(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    !headers.contains_key(ORIGIN)
        && second.is_none()
        && host
            .and_then(|host: &HeaderValue| host.to_str().ok()?.parse().ok())
            .is_some_and(|host| is_loopback(&host))
        && uri.authority().is_none_or(is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    host.eq_ignore_ascii_case("localhost")
        || host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

async fn pass_on(State(backend): State<Arc<Backend>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match timeout(BODY_TIMEOUT, to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = hyper::Request::new(Full::new(body));
    *request.method_mut() = parts.method;
    *request.uri_mut() = target.parse().unwrap_or_default();
    for name in PASSED_ON {
        if let Some(value) = parts.headers.get(&name) {
            request.headers_mut().insert(name, value.clone());
        }
    }
    // A task of its own, since a client that hangs up must not close the connection of all.
    let response = tokio::spawn(async move { backend.exchange(request).await });
    match response.await {
        Ok(Ok(response)) => response,
        _ => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "the embedded engine has failed\n",
        )
            .into_response(),
    }
}

impl Backend {
    /// Sends a request and returns the whole response. dynoxide does one request after the other in any case.
    async fn exchange(&self, request: hyper::Request<Full<Bytes>>) -> io::Result<Response> {
        let mut kept = self.connection.lock().await;
        // Taken, so that a connection that fails is not kept.
        let open = match kept.take() {
            Some(mut open) => open.sender.ready().await.is_ok().then_some(open),
            None => None,
        };
        let mut connection = match open {
            Some(open) => open,
            None => Connection::open(self.database.clone()).await?,
        };
        let response = connection.send(request).await.map_err(io::Error::other)?;
        *kept = Some(connection);
        Ok(response)
    }
}

impl Connection {
    async fn open(database: Database) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mut server: Pin<Box<dyn Future<Output = ()> + Send>> =
            Box::pin(dynoxide::server::serve_on(listener, database));
        let connect = async {
            let stream = TcpStream::connect(address).await?;
            let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
            tokio::spawn(connection);
            // The response shows that this connection is accepted.
            let first = sender.send_request(hyper::Request::new(Full::default())).await;
            let body = first.map_err(io::Error::other)?.into_body();
            body.collect().await.map_err(io::Error::other)?;
            sender.ready().await.map_err(io::Error::other)?;
            Ok(sender)
        };
        let sender = tokio::select! {
            sender = connect => sender,
            () = &mut server => Err(io::Error::other("the engine has stopped")),
        };
        Ok(Self {
            sender: sender?,
            _server: server,
        })
    }

    async fn send(&mut self, request: hyper::Request<Full<Bytes>>) -> hyper::Result<Response> {
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Response::from_parts(head, Body::from(body)))
    }
}
