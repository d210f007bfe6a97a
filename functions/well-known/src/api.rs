//! What the OpenAPI document says of `/.well-known/*`.

use lambda_http::{Body, Response};
use serde_json::json;
use shared::error::{Error, Problem};
use shared::function::HttpFunction;
use shared::keys::Lead;
use shared::openapi::{self, described};
use shared::scope::Scopes;
use shared::tokens::{Grants, Issuer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Schema};
use utoipa::{IntoResponses, OpenApi, PartialSchema, ToSchema};

pub use crate::metadata::Metadata;
use crate::{JWKS_PATH, METADATA_PATH, OPENID_PATH, WellKnown, allow_any_origin, public};

/// The template's lead.
const LEAD: Lead = Lead { seconds: 21_600 };

#[derive(OpenApi)]
#[openapi(paths(jwks, openid_configuration, oauth_authorization_server), components(schemas(Problem<'static>, JwkSet, Metadata)))]
pub(crate) struct Document;

/// Documents `GET /.well-known/jwks.json`.
#[utoipa::path(
    get,
    path = JWKS_PATH,
    operation_id = "jwks",
    summary = "The keys",
    description = "The public keys that access tokens verify by: those that sign, those that will, and those that have signed tokens that may yet be valid.",
    tag = "discovery",
    responses(JwksResponses),
    security(()),
)]
pub fn jwks() {}

/// Documents `GET /.well-known/openid-configuration`.
#[utoipa::path(
    get,
    path = OPENID_PATH,
    operation_id = "openid_configuration",
    summary = "The metadata, where most clients look",
    description = "The same as `/.well-known/oauth-authorization-server`. This is no OpenID Provider: what only one of those has is absent.",
    tag = "discovery",
    responses(MetadataResponses),
    security(()),
)]
pub fn openid_configuration() {}

/// Documents `GET /.well-known/oauth-authorization-server`.
#[utoipa::path(
    get,
    path = METADATA_PATH,
    operation_id = "oauth_authorization_server",
    summary = "The metadata",
    description = "Authorization server metadata of RFC 8414: what works here.",
    tag = "discovery",
    responses(MetadataResponses),
    security(()),
)]
pub fn oauth_authorization_server() {}

/// A JWK Set (RFC 7517 section 5).
pub struct JwkSet;

impl PartialSchema for JwkSet {
    fn schema() -> RefOr<Schema> {
        let key = ObjectBuilder::new()
            .property(
                "kty",
                described("The family of the key.").enum_values(Some(["RSA", "EC", "OKP"])),
            )
            .property("kid", described("The thumbprint of RFC 7638."))
            .property("use", described("What it is for.").enum_values(Some(["sig"])))
            .property(
                "alg",
                described("The one algorithm.").enum_values(Some(["RS256", "ES256", "EdDSA"])),
            )
            .required("kty")
            .required("kid")
            .required("use")
            .required("alg")
            .additional_properties(Some(AdditionalProperties::RefOr(
                described("A member of its family.").into(),
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

/// Every response of `GET /.well-known/jwks.json`.
pub struct JwksResponses;

impl IntoResponses for JwksResponses {
    fn responses() -> openapi::Responses {
        let set = json!({"keys": [{
            "use": "sig", "alg": "EdDSA", "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "kty": "OKP",
            "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }]});
        responses_of(
            &JwkSet::name(),
            public(&set, LEAD),
            vec![
                ("unavailable", Error::unavailable("", "")),
                ("fault", Error::internal("", "")),
            ],
        )
    }
}

/// Every response of the two names of the metadata.
pub struct MetadataResponses;

impl IntoResponses for MetadataResponses {
    fn responses() -> openapi::Responses {
        let issuer = Issuer {
            iss: "https://auth.example.com".to_owned(),
            aud: String::new(),
        };
        let metadata = Metadata::new(
            &issuer,
            Grants {
                password: true,
                refresh_token: true,
            },
            &Scopes::default(),
        );
        responses_of(
            &Metadata::name(),
            public(&metadata, LEAD),
            vec![("fault", Error::internal("", ""))],
        )
    }
}

fn responses_of(
    schema: &str,
    success: Result<Response<Body>, Error>,
    errors: Vec<(&'static str, Error)>,
) -> openapi::Responses {
    let success = success.map(|mut response| {
        allow_any_origin(response.headers_mut());
        response
    });
    openapi::responses(WellKnown::ERROR_FORMAT, schema, "public", success, errors)
}
