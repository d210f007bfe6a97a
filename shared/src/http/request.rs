//! What the gateway reports about a request beside method, headers and body.

use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

use crate::error::Error;

/// Rejects a path whose `{proxy+}` is not empty: such a route exists only for the trailing slash that some tutorials'
/// clients send, which API Gateway cannot name.
pub fn only_trailing_slash(request: &Request) -> Result<(), Error> {
    match request.path_parameters().first("proxy") {
        None | Some("") => Ok(()),
        Some(_) => Err(Error::NotFound),
    }
}

/// Returns the gateway's id of this request, or Lambda's where there was no gateway.
pub fn id(request: &Request) -> String {
    let gateway = request.request_context_ref().and_then(|context| match context {
        RequestContext::ApiGatewayV2(context) => context.request_id.clone(),
        _ => None,
    });
    gateway
        .or_else(|| {
            request
                .lambda_context_ref()
                .map(|context| context.request_id.clone())
        })
        .unwrap_or_default()
}
