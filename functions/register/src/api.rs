//! What the OpenAPI document says of `POST /register` and its alias.

use serde_json::Value;
use shared::env::Env;
use shared::error::{Conflict, Error, FieldError, Problem};
use shared::function::HttpFunction;
use shared::http::{body, json};
use shared::openapi::{self, or_null};
use shared::passwords::{Password, PasswordRule};
use shared::users::{Email, FullName, Profile, User, Username, Website};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, AllOfBuilder, AnyOfBuilder, ObjectBuilder, Schema, Type,
};
use utoipa::{IntoResponses, OpenApi, PartialSchema, Path, ToSchema};

use crate::{ALIAS, PATH, Register, created};

#[derive(OpenApi)]
#[openapi(paths(register), components(schemas(Problem<'static>, User)))]
struct Document;

/// Returns the part of the OpenAPI document.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let mut alias = Alias::operation();
    alias.tags = Some(vec!["users".to_owned()]);
    document
        .paths
        .add_path_operation(Alias::path(), Alias::methods(), alias);
    document
}

/// Documents `POST /register`.
#[utoipa::path(
    post,
    path = PATH,
    operation_id = "register",
    summary = "Register",
    description = "Makes a user. A taken name is told; log-in never tells.",
    tag = "users",
    request_body(content = Registration, content_type = "application/json"),
    responses(Responses),
    security(()),
)]
pub fn register() {}

/// The alias `POST /users`, as another tutorial calls it.
struct Alias;

impl utoipa::Path for Alias {
    fn methods() -> Vec<utoipa::openapi::path::HttpMethod> {
        __path_register::methods()
    }

    fn path() -> String {
        ALIAS.to_owned()
    }

    fn operation() -> utoipa::openapi::path::Operation {
        let mut operation = __path_register::operation();
        operation.operation_id = Some("create_user".to_owned());
        operation.summary = Some("Register (alias)".to_owned());
        // Another user than in the first operation's example, so that each can be tried.
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            for content in body.content.values_mut() {
                if let RefOr::T(content) = content {
                    content.example = Some(example("alice", "Alice Wonderson"));
                }
            }
        }
        operation
    }
}

/// The body: `null` counts as absent.
pub struct Registration;

impl PartialSchema for Registration {
    fn schema() -> RefOr<Schema> {
        let fields = ObjectBuilder::new()
            .property("username", or_null(Username::schema()))
            .property("email", or_null(Email::schema()))
            .property("full_name", or_null(FullName::schema()))
            .property("name", or_null(FullName::schema()))
            .property("surname", or_null(FullName::schema()))
            .property("website", or_null(Website::schema()))
            .property("password", Password::schema())
            .required("password")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .description(Some("A username or an email, and a password."));
        let named = AnyOfBuilder::new().item(given("username")).item(given("email"));
        let whole_or_parts = AnyOfBuilder::new()
            .item(absent(&["full_name"]))
            .item(absent(&["name", "surname"]));
        AllOfBuilder::new()
            .item(fields)
            .item(named)
            .item(whole_or_parts)
            .description(Some(
                "A username or an email is required. `name` and `surname` are joined by a space into the full name and \
                 must not be given beside `full_name`. A field that is not known is refused.",
            ))
            .examples([example("johndoe", "John Doe")])
            .into()
    }
}

impl ToSchema for Registration {}

fn example(username: &str, full_name: &str) -> Value {
    serde_json::json!({
        "username": username,
        "email": format!("{username}@example.com"),
        "full_name": full_name,
        "password": "correct horse battery",
    })
}

fn given(field: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .property(field, ObjectBuilder::new().schema_type(Type::String))
        .required(field)
}

fn absent(fields: &[&str]) -> ObjectBuilder {
    fields.iter().fold(ObjectBuilder::new(), |object, field| {
        object.property(*field, ObjectBuilder::new().schema_type(Type::Null))
    })
}

/// Every response of `POST /register`.
pub struct Responses;

impl IntoResponses for Responses {
    fn responses() -> openapi::Responses {
        let success = User::example().and_then(|user| created(&user));
        // By the defaults of the variables.
        let rule = PasswordRule::read(&Env::new(|_| None)).ok();
        let refused = |password: &str| {
            let violation = rule.as_ref()?.choose(password.to_owned(), []).err()?;
            Some(FieldError::new("password", violation))
        };
        let invalid = refused("short")
            .into_iter()
            .chain([FieldError::new("username", Profile::no_name())])
            .collect();
        let errors = vec![
            ("too_large", Error::BodyTooLarge),
            ("content_type", Error::UnsupportedMediaType(json::CONTENT_TYPE)),
            ("encoded", Error::UnsupportedMediaType(body::NO_ENCODING)),
            ("malformed", Error::InvalidRequest(json::ONE_OBJECT.into())),
            ("invalid", Error::Invalid(invalid)),
            (
                "common",
                Error::Invalid(refused("password1").into_iter().collect()),
            ),
            ("username_taken", Error::Conflict(Conflict::Username)),
            ("email_taken", Error::Conflict(Conflict::Email)),
            ("closed", Error::RegistrationClosed),
            ("throttled", Error::Throttled(600)),
            ("unavailable", Error::unavailable("", "")),
            ("fault", Error::internal("", "")),
        ];
        openapi::responses(Register::ERROR_FORMAT, &User::name(), "user", success, errors)
    }
}
