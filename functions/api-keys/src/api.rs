//! What the OpenAPI document says of `/api-keys`.

use lambda_http::http::StatusCode;
use serde_json::json;
use shared::api_keys::MAX_API_KEYS;
use shared::error::{Error, FieldError, Problem, Violation};
use shared::http::{body, empty, json as http_json};
use shared::label::Label;
use shared::openapi::{self, or_null};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{IntoResponses, OpenApi, PartialSchema, ToSchema};

use crate::create::{not_granted, shown_once};
use crate::shown::IssuedApiKey;
use crate::{ApiKeyList, ONE_PATH, PATH};

#[derive(OpenApi)]
#[openapi(
    paths(create_api_key, api_keys, end_api_key),
    components(schemas(Problem<'static>, ApiKeyList, IssuedApiKey))
)]
pub(crate) struct Document;

/// Documents `POST /api-keys`.
#[utoipa::path(
    post,
    path = PATH,
    operation_id = "create_api_key",
    summary = "Create an API key",
    description = "For programs of yours that cannot log in. The key is shown in this response alone. It is for your own API: no route of this document accepts one.",
    tag = "api-keys",
    request_body(content = NewApiKey, content_type = "application/json"),
    responses(Created),
    security(("password" = []), ("token" = [])),
)]
pub fn create_api_key() {}

/// Documents `GET /api-keys`.
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "api_keys",
    summary = "List your API keys",
    description = "The keys of the access token's user, the newest first, without their secrets; those that have expired, too.",
    tag = "api-keys",
    responses(ListResponses),
    security(("password" = []), ("token" = [])),
)]
pub fn api_keys() {}

/// Documents `DELETE /api-keys/{id}`.
#[utoipa::path(
    delete,
    path = ONE_PATH,
    operation_id = "end_api_key",
    summary = "End one of your API keys",
    description = "It is rejected from the next request on.",
    tag = "api-keys",
    params(("id" = String, Path, description = "The key's id.", example = "01KAY2Z3M4N5P6Q7R8S9T0V1W2")),
    responses(EndResponses),
    security(("password" = []), ("token" = [])),
)]
pub fn end_api_key() {}

/// The body of `POST /api-keys`.
pub struct NewApiKey;

impl PartialSchema for NewApiKey {
    fn schema() -> RefOr<Schema> {
        let scopes = ArrayBuilder::new()
            .items(ObjectBuilder::new().schema_type(Type::String))
            .description(Some("Scopes that you have; none by default."));
        let expires_in = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(u32::MAX))
            .description(Some("Seconds; without it the key does not expire."));
        ObjectBuilder::new()
            .property("name", Label::schema())
            .property("scopes", or_null(scopes.into()))
            .property("expires_in", or_null(expires_in.into()))
            .required("name")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .examples([json!({"name": "backup of my laptop", "expires_in": 7_776_000})])
            .into()
    }
}

impl ToSchema for NewApiKey {}

/// Every response of `POST /api-keys`.
pub struct Created;

impl IntoResponses for Created {
    fn responses() -> openapi::Responses {
        let invalid = vec![
            FieldError::new("name", Violation::required()),
            FieldError::new("scopes", not_granted()),
        ];
        let errors = vec![
            ("too_large", Error::BodyTooLarge),
            (
                "content_type",
                Error::UnsupportedMediaType(http_json::CONTENT_TYPE),
            ),
            ("encoded", Error::UnsupportedMediaType(body::NO_ENCODING)),
            (
                "not_an_object",
                Error::InvalidRequest(http_json::ONE_OBJECT.into()),
            ),
            ("invalid", Error::Invalid(invalid)),
            ("too_many", Error::TooManyApiKeys(MAX_API_KEYS)),
        ];
        let success = IssuedApiKey::example().and_then(shown_once);
        openapi::behind_a_token(&IssuedApiKey::name(), "api_key", success, errors)
    }
}

/// Every response of `GET /api-keys`.
pub struct ListResponses;

impl IntoResponses for ListResponses {
    fn responses() -> openapi::Responses {
        let success = ApiKeyList::example().and_then(|list| http_json::response(&list));
        openapi::behind_a_token(&ApiKeyList::name(), "api_keys", success, vec![])
    }
}

/// Every response of `DELETE /api-keys/{id}`.
pub struct EndResponses;

impl IntoResponses for EndResponses {
    fn responses() -> openapi::Responses {
        let errors = vec![("no_api_key", Error::NoSuchApiKey)];
        openapi::behind_a_token("", "", Ok(empty(StatusCode::NO_CONTENT)), errors)
    }
}
