//! The engine behind the proxy.

use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::HangUp;

#[derive(Debug, Clone)]
pub(super) struct Upstream {
    /// Host and port.
    authority: String,
}

impl Upstream {
    pub(super) fn new(endpoint: &str) -> io::Result<Self> {
        let authority = endpoint
            .strip_prefix("http://")
            .map(|rest| rest.trim_end_matches('/'));
        authority
            .filter(|authority| !authority.is_empty())
            .map(|authority| Self {
                authority: authority.to_owned(),
            })
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("`{endpoint}` is no plain HTTP base URL"),
                )
            })
    }

    /// Sends a request as it is and reads the whole answer, over a connection of its own: on loopback that is cheaper than
    /// to know which of several is still open.
    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, HangUp> {
        let stream = TcpStream::connect(&self.authority).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let exchange = async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok(Response::from_parts(head, Full::new(body)))
        };
        tokio::pin!(connection);
        tokio::pin!(exchange);
        tokio::select! {
            answer = &mut exchange => answer,
            // The connection can end with the last byte of the answer, which is then there to be read.
            _ = &mut connection => exchange.await,
        }
    }
}
