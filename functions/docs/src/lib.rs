//! `GET /docs`, `GET /docs/{proxy+}` and `GET /openapi.json`: Swagger UI and the document that it shows. Everything comes from
//! this function; nothing is loaded from elsewhere.

use std::borrow::Cow;

use lambda_http::http::{HeaderName, HeaderValue, header};
use lambda_http::{Body, Request, RequestExt, Response};
use shared::clock::Clock;
use shared::env::Env;
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use utoipa::openapi::OpenApi;

mod document;

pub use document::OPENAPI;

/// The function `docs`: the document. It touches neither the table nor a key.
pub struct Docs {
    document: Cow<'static, str>,
}

impl Function for Docs {
    const NAME: &'static str = "docs";

    async fn start(env: &Env<'_>, _: &Clock) -> Result<Self, StartError> {
        let document = document::offered(env)?;
        Ok(Self { document })
    }
}

impl HttpFunction for Docs {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;

    /// The documentation does not document itself.
    fn openapi() -> OpenApi {
        OpenApi::default()
    }

    /// Responds 200 with the page, one of its files, or the document.
    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let asset = asset(&request, &self.document).ok_or(Error::NotFound)?;
        let mut response = Response::new(Body::from(asset.body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(asset.cache));
        for (name, value) in PAGE_HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Ok(response)
    }
}

/// The headers of the page. Users type passwords into it on the issuer's origin: no script but our own files, no frame around it,
/// and no address of it in a `Referer`. Swagger UI sets styles of single elements.
const PAGE_HEADERS: [(HeaderName, &str); 2] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// The `Cache-Control` of what may change with a deployment: it is fetched again each time.
const FRESH: &str = "no-cache";
/// The `Cache-Control` of Swagger UI's own files, which change with its version alone.
const KEPT: &str = "public, max-age=86400";

struct Asset<'a> {
    content_type: &'static str,
    cache: &'static str,
    body: &'a [u8],
}

fn asset<'a>(request: &Request, document: &'a str) -> Option<Asset<'a>> {
    let own = |content_type, body: &'a str| Asset {
        content_type,
        cache: FRESH,
        body: body.as_bytes(),
    };
    let swagger = |content_type, body| Asset {
        content_type,
        cache: KEPT,
        body,
    };
    let parameters = request.path_parameters();
    let rest = parameters.first("proxy").unwrap_or_default();
    let is_document = request.uri().path().ends_with("/openapi.json") && rest.is_empty();
    Some(match rest {
        "" if is_document => own("application/json", document),
        "" => own("text/html; charset=utf-8", include_str!("../page/index.html")),
        "page.js" => own("text/javascript; charset=utf-8", include_str!("../page/page.js")),
        "page.css" => own("text/css; charset=utf-8", include_str!("../page/page.css")),
        "swagger-ui.css" => swagger(
            "text/css; charset=utf-8",
            include_bytes!("../swagger-ui/swagger-ui.css"),
        ),
        "swagger-ui-bundle.js" => swagger(
            "text/javascript; charset=utf-8",
            include_bytes!("../swagger-ui/swagger-ui-bundle.js"),
        ),
        "favicon-32x32.png" => swagger("image/png", include_bytes!("../swagger-ui/favicon-32x32.png")),
        _ => return None,
    })
}
