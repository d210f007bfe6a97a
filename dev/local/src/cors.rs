//! Cross-origin requests as API Gateway handles them once a stack has allowed origins: it responds to OPTIONS by itself and sets
//! its own headers on every other response. Without allowed origins, OPTIONS is an unknown route.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::Next;
use sam_template::Cors;

/// The variable of `cargo dev` that stands for the template's parameter `AllowedOrigins`: origins separated by commas.
pub const VARIABLE: &str = "ALLOWED_ORIGINS";

/// The allowed origins and the headers that they get.
#[derive(Clone, Debug)]
pub(crate) struct AllowedOrigins {
    origins: Arc<[String]>,
    cors: Arc<Cors>,
}

impl AllowedOrigins {
    /// `None` where no origin is allowed.
    pub(crate) fn new(origins: &str, cors: Option<&Cors>) -> Option<Self> {
        let origins: Vec<String> = origins
            .split(',')
            .map(str::trim)
            .filter(|origin| !origin.is_empty())
            .map(str::to_owned)
            .collect();
        let cors = Arc::new(cors?.clone());
        (!origins.is_empty()).then(|| Self {
            origins: origins.into(),
            cors,
        })
    }

    pub(crate) async fn pass(self, request: Request, next: Next) -> Response<Body> {
        let origin = request
            .headers()
            .get(header::ORIGIN)
            .filter(|origin| {
                self.origins
                    .iter()
                    .any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes())
            })
            .cloned();
        let is_options = request.method() == Method::OPTIONS;
        let mut response = if is_options {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        } else {
            next.run(request).await
        };
        let Some(origin) = origin else {
            return response;
        };
        let mut set = |name: HeaderName, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        };
        if is_options {
            set(
                header::ACCESS_CONTROL_ALLOW_METHODS,
                self.cors.allow_methods.join(","),
            );
            set(
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                self.cors.allow_headers.join(","),
            );
            set(header::ACCESS_CONTROL_MAX_AGE, self.cors.max_age.to_string());
        }
        set(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            self.cors.expose_headers.join(","),
        );
        response
            .headers_mut()
            .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response
    }
}
