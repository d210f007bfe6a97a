//! `GET /dev/mail`: the mailbox as a page and, for `Accept: application/json`, as a list. No function and no deployment has this route.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use minijinja::{AutoEscape, Environment, Value, context};
use url::Host;

use super::mailbox::{Kept, Mailbox};

/// The path of the mailbox.
pub(crate) const MAILBOX_PATH: &str = "/dev/mail";

const TEMPLATE: &str = include_str!("mailbox.html");

/// Nothing is loaded, and nothing of a mail runs: its HTML is in a sandbox, which has this policy, too.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

impl Mailbox {
    /// Serves the mailbox at its path, and everything else by `router`.
    pub(crate) fn in_front_of(self, router: Router) -> Router {
        Router::new()
            .route(MAILBOX_PATH, get(show))
            .with_state(self)
            .fallback_service(router)
    }
}

async fn show(State(mailbox): State<Mailbox>, headers: HeaderMap) -> Response<Body> {
    if !is_own_name(&headers) {
        return (
            StatusCode::FORBIDDEN,
            "This mailbox is at localhost or an IP address.\n",
        )
            .into_response();
    }
    let mails = mailbox.mails();
    let accepts = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let (content_type, body) = if accepts.is_some_and(|accept| accept.contains("application/json")) {
        ("application/json", serde_json::to_string(&mails).ok())
    } else {
        ("text/html; charset=utf-8", html(&mails).ok())
    };
    let Some(body) = body else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    (headers, body).into_response()
}

/// Reports whether a request names this machine by `localhost` or an address. A page whose own name was rebound to this machine could read
/// the links.
fn is_own_name(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    host.and_then(|host| Host::parse(host.host()).ok())
        .is_some_and(|host| match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(_) | Host::Ipv6(_) => true,
        })
}

fn html(mails: &[Kept]) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("mailbox.html", TEMPLATE)?;
    let mails: Vec<Value> = mails
        .iter()
        .map(|mail| {
            let Kept {
                to,
                subject,
                text,
                html,
                links,
                sent_at,
                ..
            } = mail;
            context! { to, subject, text, html, links, sent_at }
        })
        .collect();
    environment
        .get_template("mailbox.html")?
        .render(context! { mails })
}
