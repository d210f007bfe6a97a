//! The server in front of dynoxide's own, which answers every web page (`access-control-allow-origin: *`): a page could read and
//! rewrite the table. A request with an `Origin`, or with a `Host` that is not loopback (a page whose name was rebound to
//! 127.0.0.1), is refused here.
//!
//! dynoxide lends no router that could be called in place, only a server on a port. So that this port is no second way in, that
//! server accepts one connection, the front's, and no other afterwards.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use dynoxide::Database;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

/// The largest body of DynamoDB.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

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

/// The one connection to dynoxide. Its thread does one request after the other in any case.
type Connection = Arc<Mutex<SendRequest<Full<Bytes>>>>;

/// Serves `database` on `listener`.
pub(super) async fn serve(listener: TcpListener, database: Database) -> io::Result<()> {
    let own_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = own_listener.local_addr()?;
    let mut server = Box::pin(dynoxide::server::serve_on(own_listener, database));
    let connection = tokio::select! {
        connection = connect(address) => connection?,
        () = &mut server => return Err(io::Error::other("the engine has stopped")),
    };
    let router = Router::new()
        .fallback(pass_on)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(guard))
        .with_state(connection);
    let served = axum::serve(listener, router).await;
    // Kept until here, since it closes the connection, and not polled again, since it would accept others.
    drop(server);
    served
}

async fn connect(address: std::net::SocketAddr) -> io::Result<Connection> {
    let stream = TcpStream::connect(address).await?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    let sender = Arc::new(Mutex::new(sender));
    // The response shows that this connection is accepted.
    exchange(&sender, hyper::Request::new(Full::default()))
        .await
        .map_err(io::Error::other)?;
    Ok(sender)
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

async fn pass_on(
    State(connection): State<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = hyper::Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = target.parse().unwrap_or_default();
    for name in PASSED_ON {
        for value in headers.get_all(&name) {
            request.headers_mut().append(&name, value.clone());
        }
    }
    // A task of its own, since a client that hangs up must not close the connection of all.
    let response = tokio::spawn(async move { exchange(&connection, request).await });
    match response.await {
        Ok(Ok(response)) => response,
        _ => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "the embedded engine has failed\n",
        )
            .into_response(),
    }
}

async fn exchange(connection: &Connection, request: hyper::Request<Full<Bytes>>) -> hyper::Result<Response> {
    let mut connection = connection.lock().await;
    connection.ready().await?;
    let (head, body) = connection.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Response::from_parts(head, Body::from(body)))
}
