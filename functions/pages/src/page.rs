//! The pages as responses.

use lambda_http::http::{HeaderName, HeaderValue, header};
use lambda_http::{Body, Response};
use minijinja::{Environment, Value, context};
use shared::env::{Env, MIN_PASSWORD_LENGTH, SERVICE_NAME, UI_LANGUAGE};
use shared::error::Error;
use shared::function::StartError;
use shared::texts::{Text, accents, environment};

use crate::TOKEN;
use crate::form::{Form, MAX_TOKEN_BYTES};
use crate::problem::Problem;
use crate::style::Style;
use crate::texts::{FILES, Texts};

const CONTENT_TYPE: &str = "text/html; charset=utf-8";

const TEMPLATES: [(&str, &str); 2] = [
    ("page.html", include_str!("../templates/page.html")),
    ("page.css", include_str!("../templates/page.css")),
];

const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// The pages of a deployment, in its language, with its name and its colours.
///
/// A response has all headers of a page; a caller may change its status. It says nothing of `Cache-Control` and
/// `X-Content-Type-Options`, which every response of a function gets.
pub struct Pages {
    environment: Environment<'static>,
    texts: Texts,
    language: &'static str,
    service: String,
    /// The length of the shortest password.
    minimum: u32,
    style: Value,
    policy: HeaderValue,
}

impl Pages {
    /// Reads language, name, colours and the shortest password, and the texts of the language.
    ///
    /// # Errors
    ///
    /// [`StartError`] names the variable, or the file with a text that is missing or wrong.
    pub fn read(env: &Env<'_>) -> Result<Self, StartError> {
        let language = env.get(&UI_LANGUAGE)?;
        let service = env.get(&SERVICE_NAME)?;
        let minimum = env.get(&MIN_PASSWORD_LENGTH)?;
        let accents = accents(env)?;
        let wrong = |error: minijinja::Error| StartError::new(format!("functions/pages/templates: {error}"));
        let environment = environment(&TEMPLATES).map_err(wrong)?;
        let texts = FILES.read(language, &environment, &values(&service, minimum, "", 0))?;
        let style = Style::new(&environment, accents).map_err(wrong)?;
        Ok(Self {
            policy: policy(&style.source)?,
            style: Value::from_safe_string(style.css),
            environment,
            texts,
            language,
            service,
            minimum,
        })
    }

    /// Returns a form, 200. A token of more than [`MAX_TOKEN_BYTES`] is none of ours and is left out.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where the page cannot be rendered.
    pub fn form(&self, form: Form, token: &str) -> Result<Response<Body>, Error> {
        self.html(Content::form(self, form, token, Shown::default())?)
            .map(|html| self.page(html))
    }

    /// Returns the page of a form that did what it is for, 200.
    ///
    /// # Errors
    ///
    /// As [`Pages::form`].
    pub fn done(&self, form: Form) -> Result<Response<Body>, Error> {
        let texts = self.texts.of(form);
        let content = Content {
            heading: self.text(&texts.done_heading)?,
            paragraphs: vec![self.text(&texts.done)?],
            ..Content::default()
        };
        self.html(content).map(|html| self.page(html))
    }

    /// Returns the page of a form that did nothing, with the status and the headers of the error, and writes the log line of a 5xx as
    /// [`Error::into_response`] does. It has the form again, except where the token is bad ([`Error::field_errors`] name it) or the
    /// account is disabled. `request_id` is the gateway's.
    ///
    /// # Errors
    ///
    /// As [`Pages::form`].
    pub fn rejected(
        &self,
        form: Form,
        token: &str,
        error: &Error,
        request_id: &str,
    ) -> Result<Response<Body>, Error> {
        let texts = self.texts.of(form);
        let content = match Problem::of(error, &self.texts.problems) {
            Problem::BadLink => self.refused(form, &texts.bad_link, Some(&texts.new_link))?,
            Problem::Final(text) => self.refused(form, text, None)?,
            Problem::Password(text, message) => {
                let shown = Shown {
                    password_problem: Some(self.text_of(text, &message, 0)?),
                    ..Shown::default()
                };
                Content::form(self, form, token, shown)?
            }
            Problem::Again(text, seconds) => {
                let shown = Shown {
                    alert: Some(self.text_of(text, "", seconds)?),
                    ..Shown::default()
                };
                Content::form(self, form, token, shown)?
            }
        };
        let html = self.html(content)?;
        Ok(self.with_headers(error.with_body(CONTENT_TYPE, html, request_id)))
    }

    fn refused(&self, form: Form, why: &Text, next: Option<&Text>) -> Result<Content, Error> {
        Ok(Content {
            heading: self.text(&self.texts.of(form).refused_heading)?,
            alert: Some(self.text(why)?),
            paragraphs: next
                .map(|next| self.text(next))
                .transpose()?
                .into_iter()
                .collect(),
            ..Content::default()
        })
    }

    fn text(&self, text: &Text) -> Result<String, Error> {
        self.text_of(text, "", 0)
    }

    fn text_of(&self, text: &Text, message: &str, seconds: u32) -> Result<String, Error> {
        let values = values(&self.service, self.minimum, message, seconds);
        text.render(&self.environment, &values)
            .map_err(|error| Error::internal("the text", error.to_string()))
    }

    fn html(&self, content: Content) -> Result<String, Error> {
        let failed = |error: minijinja::Error| Error::internal("the page", error.to_string());
        let Content {
            heading,
            alert,
            paragraphs,
            form,
            is_problem,
        } = content;
        let is_problem = is_problem || alert.is_some();
        let context = context! {
            language => self.language,
            service => self.service.as_str(),
            style => self.style.clone(),
            problem_title => self.text(&self.texts.problem_title)?,
            is_problem, heading, alert, paragraphs, form,
        };
        let template = self.environment.get_template("page.html").map_err(failed)?;
        template.render(context).map_err(failed)
    }

    fn page(&self, html: String) -> Response<Body> {
        let mut response = Response::new(Body::Text(html));
        let content_type = HeaderValue::from_static(CONTENT_TYPE);
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        self.with_headers(response)
    }

    fn with_headers(&self, mut response: Response<Body>) -> Response<Body> {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        // The address has the token until the form is sent.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(X_ROBOTS_TAG, HeaderValue::from_static("noindex"));
        response
    }
}

/// What a page has.
#[derive(Default)]
struct Content {
    heading: String,
    /// A problem that belongs to no field.
    alert: Option<String>,
    paragraphs: Vec<String>,
    form: Option<Value>,
    /// Whether a field has a problem.
    is_problem: bool,
}

/// What a form shows beside its fields.
#[derive(Default)]
struct Shown {
    alert: Option<String>,
    password_problem: Option<String>,
}

impl Content {
    fn form(pages: &Pages, form: Form, token: &str, shown: Shown) -> Result<Self, Error> {
        let texts = pages.texts.of(form);
        let token = if token.len() > MAX_TOKEN_BYTES { "" } else { token };
        let is_problem = shown.password_problem.is_some();
        let fields = context! {
            // Without the escapes of its slash, for the reader.
            action => Value::from_safe_string(form.path().to_owned()),
            autocomplete => form.autocomplete(),
            token_name => TOKEN,
            token => token,
            label => pages.text(&texts.label)?,
            hint => pages.text(&texts.hint)?,
            button => pages.text(&texts.button)?,
            note => pages.text(&texts.note)?,
            problem => shown.password_problem,
        };
        Ok(Self {
            heading: pages.text(&texts.heading)?,
            alert: shown.alert,
            paragraphs: vec![pages.text(&texts.introduction)?],
            form: Some(fields),
            is_problem,
        })
    }
}

/// Returns the variables that every text may use: the service's name, the length of the shortest password, the API's message in English,
/// and how long to wait. The last two are empty and 0 where there is none.
fn values(service: &str, minimum: u32, message: &str, seconds: u32) -> Value {
    context! { service, minimum, message, seconds }
}

/// Returns the policy of the pages: nothing is loaded, the one style is that of the hash, and the form is sent here alone.
fn policy(style: &str) -> Result<HeaderValue, StartError> {
    let policy = format!(
        "default-src 'none'; style-src {style}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).map_err(|error| StartError::new(error.to_string()))
}
