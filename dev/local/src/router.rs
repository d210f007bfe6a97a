//! The routes of `template.yaml`, each leading to its function through the gateway's event format.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{ConnectInfo, MatchedPath, RawPathParams, Request};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::routing::{MethodFilter, on};
use http_body_util::LengthLimitError;
use sam_template::Template;
use shared::clock::Clock;
use shared::random;

use crate::cors::AllowedOrigins;
use crate::functions::Limited;
use crate::gateway::{self, GatewayRequest};
use crate::{Limits, StartError};

pub(crate) fn router(
    template: &Template,
    functions: &BTreeMap<String, Limited>,
    cors: Option<AllowedOrigins>,
    clock: &Clock,
    limits: Limits,
) -> Result<Router, StartError> {
    let mut router = Router::new();
    for route in template.routes() {
        let key = format!("{} {}", route.method, route.path);
        let unknown = |what: &str| StartError::Route(format!("the route {key} has {what}"));
        let function = functions
            .get(&route.function)
            .ok_or_else(|| unknown("an unknown function"))?;
        let filter = axum::http::Method::try_from(route.method.as_str())
            .ok()
            .and_then(|method| MethodFilter::try_from(method).ok())
            .ok_or_else(|| unknown("an unknown method"))?;
        let path = route.path.replace("+}", "}").replace("{proxy}", "{*proxy}");
        // Whether or not the gateway matches an empty rest, a slash at the end must work here: axum's does not match it.
        let paths = [
            Some(path.clone()),
            path.strip_suffix("{*proxy}").map(str::to_owned),
        ];
        for path in paths.into_iter().flatten() {
            let target = RouteTarget {
                route_key: key.clone(),
                function: function.clone(),
                clock: clock.clone(),
                body_timeout: limits.body,
            };
            let handler = move |parameters: Result<RawPathParams, RawPathParamsRejection>,
                                request: Request| {
                let target = target.clone();
                async move {
                    match parameters {
                        Ok(parameters) => target.answer(&parameters, request).await,
                        // A path that is not UTF-8 once it is decoded.
                        Err(_) => not_found().await,
                    }
                }
            };
            router = router.route(&path, on(filter, handler));
        }
    }
    let mut router = router.fallback(not_found).method_not_allowed_fallback(not_found);
    if let Some(cors) = cors {
        router = router.layer(from_fn(move |request, next| cors.clone().pass(request, next)));
    }
    // Around the whole router: axum adds `Allow` outside of a route's own layers.
    let gateway = Router::new().fallback_service(router).layer(from_fn(at_the_edge));
    Ok(gateway.layer(from_fn(log_request)))
}

/// Bounds the headers of every request, and removes a header that the gateway does not send.
async fn at_the_edge(request: Request, next: Next) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if gateway::headers_too_large(&parts) {
        return gateway::own_response(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Request Header Fields Too Large",
        );
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    response.headers_mut().remove(header::ALLOW);
    response
}

async fn not_found() -> Response<Body> {
    gateway::own_response(StatusCode::NOT_FOUND, "Not Found")
}

#[derive(Clone)]
struct RouteTarget {
    route_key: String,
    function: Limited,
    clock: Clock,
    body_timeout: Duration,
}

impl RouteTarget {
    async fn answer(self, parameters: &RawPathParams, request: Request) -> Response<Body> {
        let (parts, body) = request.into_parts();
        // axum routes a HEAD without a route of its own like GET; the gateway does not know it.
        let method = self.route_key.split_once(' ').map(|(method, _)| method);
        if method != Some(parts.method.as_str()) {
            return not_found().await;
        }
        let body = to_bytes(body, gateway::BODY_MAX_BYTES);
        let body = match tokio::time::timeout(self.body_timeout, body).await {
            Ok(Ok(body)) => body,
            Ok(Err(error)) if error.source().is_some_and(|cause| cause.is::<LengthLimitError>()) => {
                return gateway::own_response(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
            }
            // Cut short, or no chunks.
            Ok(Err(_)) => return gateway::own_response(StatusCode::BAD_REQUEST, "Bad Request"),
            Err(_) => return gateway::own_response(StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
        };
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let source_ip = peer.map_or(Ipv4Addr::LOCALHOST.into(), |ConnectInfo(peer)| peer.ip());
        let time = self.clock.now();
        let failed = || gateway::own_response(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
        let Ok(request_id) = random::ulid(time) else {
            return failed();
        };
        let path_parameters = parameters
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let event = GatewayRequest {
            parts: &parts,
            body: &body,
            route_key: &self.route_key,
            path_parameters,
            request_id: &request_id,
            time,
            source_ip,
        }
        .event();
        let Some(event) = event else {
            return failed();
        };
        // A task of its own: like a Lambda, it goes on when the client has gone.
        let invocation = tokio::spawn(async move {
            tokio::time::timeout(self.function.timeout, self.function.function.call(event)).await
        });
        let mut response = match invocation.await {
            Ok(Ok(Some(response))) => gateway::http_response(response),
            // An invocation that failed or ran out of time.
            _ => failed(),
        };
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(gateway::REQUEST_ID, id);
        }
        response
    }
}

/// Logs one line per request. The query and what stands in the place of an id are left out: people put secrets there.
async fn log_request(request: Request, next: Next) -> Response<Body> {
    let route = request.extensions().get::<MatchedPath>();
    let path = route.map_or(request.uri().path(), MatchedPath::as_str);
    let line = format!("{} {path}", request.method());
    let start = Instant::now();
    let response = next.run(request).await;
    let request_id = response.headers().get(gateway::REQUEST_ID);
    tracing::info!(
        request_id = request_id.and_then(|id| id.to_str().ok()),
        "{line} {} {} ms",
        response.status().as_u16(),
        start.elapsed().as_millis()
    );
    response
}
