//! What the OpenAPI document says of `/.well-known/*`.

use lambda_http::{Body, Response};
use serde_json::json;
use shared::config::{GrantsConfig, LeadConfig, TokenConfig};
use shared::error::Error;
use shared::openapi::{self, errors, success};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

pub use crate::metadata::Metadata;
use crate::{FUNCTION, allow_any_origin, public};

/// The template's.
const LEAD: LeadConfig = LeadConfig { seconds: 21_600 };

/// A JWK Set (RFC 7517 section 5).
pub struct JwkSet;

impl PartialSchema for JwkSet {
    fn schema() -> RefOr<Schema> {
        let text = |words: &str| {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .description(Some(words))
        };
        let key = ObjectBuilder::new()
            .property(
                "kty",
                text("The family of the key.").enum_values(Some(["RSA", "EC", "OKP"])),
            )
            .property("kid", text("The thumbprint of RFC 7638."))
            .property("use", text("What it is for.").enum_values(Some(["sig"])))
            .property(
                "alg",
                text("The one algorithm.").enum_values(Some(["RS256", "ES256", "EdDSA"])),
            )
            .required("kty")
            .required("kid")
            .required("use")
            .required("alg")
            .additional_properties(Some(AdditionalProperties::RefOr(
                text("A member of its family.").into(),
            )))
            .description(Some(
                "A public key; its other members are its family's (RFC 7518 section 6, RFC 8037).",
            ));
        ObjectBuilder::new()
            .property("keys", ArrayBuilder::new().items(key).min_items(Some(1)))
            .required("keys")
            .into()
    }
}

impl ToSchema for JwkSet {}

/// Every answer of `GET /.well-known/jwks.json`.
pub struct JwksAnswers;

impl IntoResponses for JwksAnswers {
    fn responses() -> openapi::Answers {
        let set = json!({"keys": [{
            "use": "sig", "alg": "EdDSA", "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "kty": "OKP",
            "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }]});
        answers(
            &JwkSet::name(),
            public(&set, LEAD),
            vec![
                ("unavailable", Error::unavailable("", "")),
                ("fault", Error::internal("", "")),
            ],
        )
    }
}

/// Every answer of the two names of the metadata.
pub struct MetadataAnswers;

impl IntoResponses for MetadataAnswers {
    fn responses() -> openapi::Answers {
        let tokens = TokenConfig {
            issuer: "https://auth.example.com".to_owned(),
            audience: String::new(),
        };
        let metadata = Metadata::of(&tokens, GrantsConfig { password: true });
        answers(
            &Metadata::name(),
            public(&metadata, LEAD),
            vec![("fault", Error::internal("", ""))],
        )
    }
}

fn answers(
    schema: &str,
    response: Result<Response<Body>, Error>,
    cases: Vec<(&'static str, Error)>,
) -> openapi::Answers {
    let mut answers = response
        .map(|mut response| {
            allow_any_origin(response.headers_mut());
            response
        })
        .map(|response| success(schema, "public", FUNCTION.dialect, response))
        .unwrap_or_default();
    answers.extend(errors(FUNCTION.dialect, cases));
    answers
}
