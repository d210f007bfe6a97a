//! The forms of the pages that mails lead to: the same work as by JSON, with a page as the response.

use lambda_http::{Body, Request, Response};
use shared::error::{Error, FieldError, Violation};
use shared::http::body::content_type;
use shared::http::form::Form;
use shared::http::request;
use shared::mail::Mailing;
use zeroize::Zeroizing;

use crate::Recovery;

/// The fields of both forms.
const FIELDS: &[&str] = &["token", "password"];

/// Reports whether the body is a form's.
pub(crate) fn is_form(request: &Request) -> bool {
    let content_type = content_type(request.headers()).ok().flatten();
    content_type.is_some_and(|found| {
        matches!(
            found.essence_str(),
            "application/x-www-form-urlencoded" | "multipart/form-data"
        )
    })
}

impl Recovery {
    /// Responds with the page of what the form did, or with the form again.
    pub(crate) async fn respond_to_form(
        &self,
        mailing: Mailing,
        request: &Request,
        form: pages::Form,
    ) -> Result<Response<Body>, Error> {
        let mut token = Zeroizing::new(String::new());
        let outcome = async {
            let mut fields = Form::read(request, FIELDS).await?;
            token = fields.take("token").ok_or(Error::InvalidMailToken)?;
            let password = fields.take("password").ok_or_else(|| {
                let missing = FieldError::new("password", Violation::required());
                Error::Invalid(vec![missing])
            })?;
            match form {
                pages::Form::VerifyEmail => self.prove(mailing, request, &token, Some(password)).await,
                pages::Form::ResetPassword => self.recover(mailing, request, &token, password).await,
            }
        };
        match outcome.await {
            Ok(_) => self.pages.done(form),
            Err(error) => self.pages.rejected(form, &token, &error, request::id(request)),
        }
    }
}
