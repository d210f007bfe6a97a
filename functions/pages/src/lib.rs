//! `GET` and `HEAD` of `/verify-email` and `/reset-password`: the pages that the links in mails lead to. Each is one form without
//! JavaScript.
//!
//! The function has no table, so no fetch of a link can spend its token, however often a scanner repeats it. The function `recovery`
//! gets the forms' `POST`s and responds to them by [`Pages`].

use lambda_http::{Body, Request, Response};
use shared::clock::Clock;
use shared::env::{Env, MAIL_FROM};
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use shared::http::request;
use utoipa::OpenApi;

pub mod api;
mod form;
mod page;
mod problem;
mod style;
mod texts;

pub use form::{Form, MAX_TOKEN_BYTES};
pub use page::Pages;

/// The parameter of a link, and the hidden field of its form.
const TOKEN: &str = "token";

/// The function `pages`: the forms. It touches neither the table nor a key.
pub struct FormPages {
    /// `None` where mail is off, since then no link leads here.
    pages: Option<Pages>,
}

impl Function for FormPages {
    const NAME: &'static str = "pages";

    async fn start(env: &Env<'_>, _: &Clock) -> Result<Self, StartError> {
        let pages = Pages::read(env)?;
        let is_mail_on = !env.get(&MAIL_FROM)?.is_empty();
        Ok(Self {
            pages: is_mail_on.then_some(pages),
        })
    }
}

impl HttpFunction for FormPages {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;

    fn openapi() -> utoipa::openapi::OpenApi {
        api::Document::openapi()
    }

    /// Responds 200 with the form, whatever the token is: only a `POST` finds out.
    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let pages = self.pages.as_ref().ok_or(Error::NotFound)?;
        let (method @ ("GET" | "HEAD"), path, "") = request::route(&request) else {
            return Err(Error::NotFound);
        };
        let form = Form::of_path(path).ok_or(Error::NotFound)?;
        // A token that comes twice is as good as none.
        let token = request::query(&request, TOKEN)
            .unwrap_or_default()
            .unwrap_or_default();
        let mut response = pages.form(form, &token)?;
        if method == "HEAD" {
            *response.body_mut() = Body::Empty;
        }
        Ok(response)
    }
}
