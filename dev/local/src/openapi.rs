//! The OpenAPI document, put together from what the function crates say of their operations.

use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, PathItem, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::functions::FUNCTIONS;
use crate::gateway::own_body;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Latchkey",
        description = "User accounts, log-in and access tokens. Errors of the OAuth endpoints are those of RFC 6749, all others \
                       those of RFC 9457.",
        contact(name = "The Latchkey authors"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "Where this document is served")),
    tags(
        (name = "users", description = "Register; read, change and delete yourself."),
        (name = "tokens", description = "Log in, refresh, and log out."),
        (name = "sessions", description = "See and end your sessions."),
        (name = "api-keys", description = "Create, see and end your API keys."),
        (name = "mail", description = "Prove your address, and recover your password, where the deployment sends mail."),
        (name = "discovery", description = "What verifiers of access tokens need to know."),
    ),
    modifiers(&Schemes),
)]
struct Document;

/// How a client proves itself: by logging in here, by a token that it has, or, to an API of the reader's, by a key.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let password = OAuth2::with_description(
            [Flow::Password(Password::with_refresh_url(
                "/token",
                Scopes::new(),
                "/token",
            ))],
            "Logs in at `POST /token`. A client id that is not registered is ignored; a registered confidential client needs its secret.",
        );
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token of RFC 9068."))
            .build();
        let key = ApiKeyValue::with_description(
            "X-API-Key",
            "An API key, for APIs that accept one: no route of this document does.",
        );
        // Swagger UI's dialog shows them in the order of their names: the form to log in comes first.
        for (name, scheme) in [
            ("password", SecurityScheme::OAuth2(password)),
            ("token", SecurityScheme::Http(bearer)),
            ("x-api-key", SecurityScheme::ApiKey(ApiKey::Header(key))),
        ] {
            components.add_security_scheme(name, scheme);
        }
    }
}

/// Documents the one response of the gateway's own that every operation can get: its throttling.
fn document_throttling(document: &mut utoipa::openapi::OpenApi) {
    let body = ObjectBuilder::new()
        .property("message", ObjectBuilder::new().schema_type(Type::String))
        .required("message")
        .description(Some(
            "The body of an answer of API Gateway's own, which has none of our headers.",
        ));
    document
        .components
        .get_or_insert_default()
        .schemas
        .insert("GatewayError".to_owned(), body.into());
    let example = ExampleBuilder::new()
        .summary("Too many requests for the gateway")
        .value(Some(own_body("Too Many Requests")))
        .build();
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("GatewayError")))
        .examples_from_iter([("throttled", example)])
        .build();
    let answer = ResponseBuilder::new()
        .description("Too Many Requests")
        .content("application/json", content.clone())
        .build();
    for path in document.paths.paths.values_mut() {
        for operation in operations(path) {
            let own = operation.responses.responses.get_mut("429");
            let Some(RefOr::T(own)) = own else {
                let responses = &mut operation.responses.responses;
                responses.insert("429".to_owned(), answer.clone().into());
                continue;
            };
            // The function's own, beside the gateway's.
            let both = match own.content.get("application/json") {
                Some(RefOr::T(own)) => {
                    let mut both = own.clone();
                    both.examples.extend(content.examples.clone());
                    both.schema = Some(one_of(both.schema, content.schema.clone()));
                    both
                }
                _ => content.clone(),
            };
            own.content.insert("application/json".to_owned(), both.into());
        }
    }
}

fn one_of(own: Option<RefOr<Schema>>, gateways: Option<RefOr<Schema>>) -> RefOr<Schema> {
    let schemas = own.into_iter().chain(gateways);
    schemas.fold(OneOfBuilder::new(), OneOfBuilder::item).into()
}

/// Returns the operations of a path, whatever their methods.
fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut path.get,
        &mut path.put,
        &mut path.post,
        &mut path.delete,
        &mut path.options,
        &mut path.head,
        &mut path.patch,
        &mut path.trace,
    ]
    .into_iter()
    .flatten()
}

/// The document as it is served, with a line break at its end.
pub fn document() -> Result<String, serde_json::Error> {
    let mut document = Document::openapi();
    for registered in FUNCTIONS {
        document.merge(registered.openapi());
    }
    document_throttling(&mut document);
    let mut text = document.to_pretty_json()?;
    text.push('\n');
    Ok(text)
}
