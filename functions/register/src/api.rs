//! What the OpenAPI document says of `POST /register` and its alias.

use shared::error::{Error, Taken};
use shared::openapi::{self, errors, success};
use shared::password::Password;
use shared::rule::FieldError;
use shared::user::{Email, FullName, User, Username, Website};
use shared::{http, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, AllOfBuilder, AnyOfBuilder, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use crate::{FUNCTION, created, no_name};

/// The alias `POST /users`, as another tutorial calls it.
pub struct Alias;

impl utoipa::Path for Alias {
    fn methods() -> Vec<utoipa::openapi::path::HttpMethod> {
        crate::__path_handler::methods()
    }

    fn path() -> String {
        "/users".to_owned()
    }

    fn operation() -> utoipa::openapi::path::Operation {
        let mut operation = crate::__path_handler::operation();
        operation.operation_id = Some("create_user".to_owned());
        operation.summary = Some("Register (alias)".to_owned());
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
            .examples([serde_json::json!({
                "username": "johndoe",
                "email": "johndoe@example.com",
                "full_name": "John Doe",
                "password": "correct horse battery",
            })])
            .into()
    }
}

impl ToSchema for Registration {}

fn or_null(schema: RefOr<Schema>) -> OneOfBuilder {
    OneOfBuilder::new()
        .item(schema)
        .item(ObjectBuilder::new().schema_type(Type::Null))
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

/// Every answer of `POST /register`.
pub struct Answers;

impl IntoResponses for Answers {
    fn responses() -> openapi::Answers {
        let mut answers = openapi::example_user()
            .and_then(|user| created(&user))
            .map(|response| success(&User::name(), "user", FUNCTION.dialect, response))
            .unwrap_or_default();
        let short = Password::choose("short".to_owned())
            .err()
            .map(|rule| FieldError::new("password", rule));
        let invalid = short
            .into_iter()
            .chain([FieldError::new("username", no_name())])
            .collect();
        let taken = |username, email| Error::Taken(Taken { username, email });
        let cases = vec![
            ("too_large", Error::BodyTooLarge),
            ("content_type", Error::UnsupportedMediaType(json::CONTENT_TYPE)),
            ("encoded", Error::UnsupportedMediaType(http::NO_ENCODING)),
            ("malformed", Error::InvalidRequest(json::ONE_OBJECT.into())),
            ("invalid", Error::Invalid(invalid)),
            ("username_taken", taken(true, false)),
            ("email_taken", taken(false, true)),
            ("both_taken", taken(true, true)),
            ("unavailable", Error::unavailable("", "")),
            ("fault", Error::internal("", "")),
        ];
        answers.extend(errors(FUNCTION.dialect, cases));
        answers
    }
}
