//! Authorization server metadata (RFC 8414 section 2): what works here, and nothing else.

use serde::Serialize;
use shared::scope::Scopes;
use shared::tokens::{Grants, Issuer};
use utoipa::ToSchema;

use crate::JWKS_PATH;

/// How clients prove themselves (RFC 7591 section 2).
const METHODS: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

/// The metadata, the same under both names. What only an OpenID Provider has is absent, since there is no id token here:
/// `authorization_endpoint`, `subject_types_supported`, `id_token_signing_alg_values_supported`, `userinfo_endpoint`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Metadata {
    /// The tokens' `iss`, byte for byte.
    issuer: String,
    /// The JWK Set that the tokens verify by.
    jwks_uri: String,
    /// Where to log in, to refresh, and where clients get tokens of their own.
    token_endpoint: String,
    /// The grants of the token endpoint.
    grant_types_supported: Vec<&'static str>,
    /// `none` for public clients and those that are not registered.
    token_endpoint_auth_methods_supported: [&'static str; 3],
    /// Where to end a session (RFC 7009). Absent where no refresh token is issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revocation_endpoint: Option<String>,
    /// As at the token endpoint. Absent with the endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revocation_endpoint_auth_methods_supported: Option<[&'static str; 3]>,
    /// Where a confidential client asks what a token is now (RFC 7662).
    introspection_endpoint: String,
    /// How it proves itself.
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    /// Empty, and there because RFC 8414 requires it: there is no authorization endpoint.
    response_types_supported: [&'static str; 0],
    /// The scopes that a user may be granted. Absent where the deployment names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Vec<String>)]
    scopes_supported: Option<Scopes>,
}

impl Metadata {
    /// Creates the metadata of a deployment.
    pub fn new(issuer: &Issuer, grants: Grants, scopes: &Scopes) -> Self {
        let issuer = &issuer.iss;
        Self {
            issuer: issuer.clone(),
            jwks_uri: format!("{issuer}{JWKS_PATH}"),
            token_endpoint: format!("{issuer}/token"),
            grant_types_supported: grants.names(),
            token_endpoint_auth_methods_supported: METHODS,
            revocation_endpoint: grants.refresh_token.then(|| format!("{issuer}/revoke")),
            revocation_endpoint_auth_methods_supported: grants.refresh_token.then_some(METHODS),
            introspection_endpoint: format!("{issuer}/introspect"),
            introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
            response_types_supported: [],
            scopes_supported: (!scopes.is_empty()).then(|| scopes.clone()),
        }
    }
}
