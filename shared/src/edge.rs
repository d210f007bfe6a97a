//! What stands in front of the gateway: who sent a request, and whether it came through the edge.
//!
//! The address is decided here, before any handler, so that none believes a header that a client wrote.

use std::net::IpAddr;

use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use lambda_http::{Body, Request, Response};
use subtle::ConstantTimeEq;

use crate::env::{self, Env, EnvError};
use crate::http::client;

/// The header in which the edge proves itself. CloudFront sets it on every request to its origin, over one of the client's
/// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html>).
const PROOF: HeaderName = HeaderName::from_static("x-latchkey-edge");

/// The viewer's address and port, as CloudFront writes them
/// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html>).
const VIEWER_ADDRESS: HeaderName = HeaderName::from_static("cloudfront-viewer-address");

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What stands in front of the gateway. By default nothing does. There is no `Debug`: it holds a secret.
#[derive(Default)]
pub struct Edge {
    /// The secret that a request must show; `None` without an edge.
    secret: Option<String>,
    /// How many proxies' entries of `X-Forwarded-For` are believed.
    proxies: usize,
}

impl Edge {
    /// Reads the variables.
    ///
    /// # Errors
    ///
    /// [`EnvError`] for a wrong value.
    pub fn read(env: &Env<'_>) -> Result<Self, EnvError> {
        let secret = env.get(&env::EDGE_SECRET)?;
        let proxies = env.get(&env::TRUSTED_PROXIES)?;
        Ok(Self {
            secret: Some(secret).filter(|secret| !secret.is_empty()),
            proxies: usize::try_from(proxies).unwrap_or_default(),
        })
    }

    /// Decides who sent a request, and removes the secret from it. Returns false for a request that did not come through the edge.
    pub(crate) fn admits(&self, request: &mut Request) -> bool {
        let proof = request.headers_mut().remove(PROOF);
        let Some(secret) = &self.secret else {
            let forwarded = forwarded_for(request.headers(), client::address(request), self.proxies);
            client::identify(request, forwarded);
            return true;
        };
        let proof = proof.as_ref().map_or(&[][..], HeaderValue::as_bytes);
        if !bool::from(proof.ct_eq(secret.as_bytes())) {
            return false;
        }
        let viewer = request.headers().get(VIEWER_ADDRESS).and_then(viewer_address);
        client::identify(request, viewer);
        true
    }
}

/// Returns the response to a request that did not come through the edge: as the gateway's own, with none of our headers.
pub(crate) fn forbidden() -> Response<Body> {
    let mut response = Response::new(Body::from(r#"{"message":"Forbidden"}"#));
    *response.status_mut() = StatusCode::FORBIDDEN;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Reads `address:port`, where an IPv6 address has no brackets.
fn viewer_address(value: &HeaderValue) -> Option<IpAddr> {
    let (address, port) = value.to_str().ok()?.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    address.parse().ok()
}

/// Returns the address that the first of `proxies` proxies saw. Each appends the address that called it, and so does the gateway, whose
/// entry is the connection's address (<https://github.com/logandk/serverless-wsgi/issues/36>). What is left of the proxies' entries was
/// the client's to choose. `None` where the entry is missing or no address.
fn forwarded_for(headers: &HeaderMap, connection: Option<IpAddr>, proxies: usize) -> Option<IpAddr> {
    let values = headers.get_all(FORWARDED_FOR).iter();
    let entries = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut entries: Vec<Option<IpAddr>> = entries
        .map(|entry| {
            Some(
                std::str::from_utf8(entry)
                    .ok()?
                    .trim()
                    .parse::<IpAddr>()
                    .ok()?
                    .to_canonical(),
            )
        })
        .collect();
    if connection.is_some() && entries.last() == Some(&connection) {
        entries.pop();
    }
    let first = entries.len().checked_sub(proxies)?;
    entries.get(first).copied().flatten()
}
