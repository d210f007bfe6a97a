//! `POST /register`, and its alias `POST /users`: makes a user.

use std::sync::Arc;

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Request, Response};
use shared::app::{App, Function};
use shared::config::Need;
use shared::error::{Dialect, Error};
use shared::http;
use shared::json::Fields;
use shared::password::Password;
use shared::random;
use shared::rule::{Code, Rule};
use shared::store::RegisterError;
use shared::user::{Email, FullName, User, UserId, Username, Website};

pub mod api;

/// The function.
pub const FUNCTION: Function = Function {
    name: "register",
    dialect: Dialect::Problem,
    needs: &[Need::Store, Need::Passwords],
};

/// Answers 201 with the user that was made.
///
/// # Errors
///
/// The rows of the problem table for a body: 413, 415, 400, 422, 409, 503.
#[utoipa::path(
    post,
    path = "/register",
    operation_id = "register",
    summary = "Register",
    description = "Makes a user. A taken name is told; log-in never tells.",
    tag = "users",
    request_body(content = api::Registration, content_type = "application/json"),
    responses(api::Answers),
    security(()),
)]
pub async fn handler(app: App, request: Request) -> Result<Response<Body>, Error> {
    let registration = Registration::read(&request)?;
    let hash = app.hasher()?.hash(Arc::new(registration.password)).await?;
    let now = app.clock().now();
    let user = User {
        id: UserId::known(random::ulid(now)?),
        username: registration.username,
        email: registration.email,
        full_name: registration.full_name,
        website: registration.website,
        disabled: false,
        created_at: now,
        updated_at: now,
    };
    app.store()?
        .register(&user, &hash)
        .await
        .map_err(|error| match error {
            RegisterError::Taken(taken) => Error::Taken(taken),
            RegisterError::Other(error) => error,
        })?;
    created(&user)
}

fn created(user: &User) -> Result<Response<Body>, Error> {
    let mut response = http::json(user)?;
    *response.status_mut() = StatusCode::CREATED;
    response
        .headers_mut()
        .insert(header::LOCATION, HeaderValue::from_static("/users/me"));
    Ok(response)
}

/// A registration whose every field is valid.
struct Registration {
    username: Option<Username>,
    email: Option<Email>,
    full_name: Option<FullName>,
    website: Option<Website>,
    password: Password,
}

impl Registration {
    fn read(request: &Request) -> Result<Self, Error> {
        let mut fields = Fields::read(request)?;
        let named = fields.has("username") || fields.has("email");
        let username = fields.text("username", |typed| Username::parse(&typed));
        if !named {
            fields.refuse("username", no_name());
        }
        let email = fields.text("email", |typed| Email::parse(&typed));
        let full_name = full_name(&mut fields);
        let website = fields.text("website", |typed| Website::parse(&typed));
        let has_password = fields.has("password");
        let password = fields.text("password", Password::choose);
        if !has_password {
            fields.refuse("password", Rule::new(Code::Required, "Is required"));
        }
        fields.finish()?;
        Ok(Self {
            username,
            email,
            full_name,
            website,
            // `finish` has refused a registration whose password did not parse.
            password: password.ok_or_else(|| Error::internal("the registration", "it has no password"))?,
        })
    }
}

fn no_name() -> Rule {
    Rule::new(Code::Required, "A username or an email is required")
}

/// `full_name`, or `name` and `surname` joined by a space, as one of the tutorials sends it; not both.
fn full_name(fields: &mut Fields) -> Option<FullName> {
    let whole = fields.has("full_name");
    let full_name = fields.text("full_name", |typed| FullName::parse(&typed));
    let part = |fields: &mut Fields, field| {
        let sent = fields.has(field);
        let part = fields.text(field, |typed| FullName::parse(&typed).map(|_| typed));
        if sent && whole {
            fields.refuse(
                field,
                Rule::new(Code::Invalid, "Must not be given beside full_name"),
            );
        }
        part
    };
    let parts: Vec<String> = ["name", "surname"]
        .into_iter()
        .filter_map(|field| part(fields, field))
        .collect();
    if whole || parts.is_empty() {
        return full_name;
    }
    FullName::parse(&parts.join(" "))
        .map_err(|rule| fields.refuse("full_name", rule))
        .ok()
}
