//! Authorization server metadata (RFC 8414 section 2): what works here, and nothing else.

use serde::Serialize;
use shared::scope::Scopes;
use shared::tokens::{Grants, Issuer};
use utoipa::ToSchema;

use crate::JWKS_PATH;

/// The metadata, the same under both names. What only an OpenID Provider has is absent, since there is no id token here:
/// `authorization_endpoint`, `subject_types_supported`, `id_token_signing_alg_values_supported`, `userinfo_endpoint`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Metadata {
    /// The tokens' `iss`, byte for byte.
    issuer: String,
    /// The JWK Set that the tokens verify by.
    jwks_uri: String,
    /// Where to log in and to refresh. Absent where no grant is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_endpoint: Option<String>,
    /// The grants of the token endpoint. Absent where none is offered (RFC 8414 section 3.2: no empty arrays).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    grant_types_supported: Option<Vec<&'static str>>,
    /// `none`: clients do not prove who they are. Absent where no grant is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_endpoint_auth_methods_supported: Option<[&'static str; 1]>,
    /// Where to end a session (RFC 7009). Absent where no refresh token is issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revocation_endpoint: Option<String>,
    /// `none`, as at the token endpoint. Absent with the endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revocation_endpoint_auth_methods_supported: Option<[&'static str; 1]>,
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
        let names = grants.names();
        let endpoint = |offered: bool, path: &str| offered.then(|| format!("{issuer}{path}"));
        let offered = !names.is_empty();
        Self {
            issuer: issuer.clone(),
            jwks_uri: format!("{issuer}{JWKS_PATH}"),
            token_endpoint: endpoint(offered, "/token"),
            grant_types_supported: offered.then_some(names),
            token_endpoint_auth_methods_supported: offered.then_some(["none"]),
            revocation_endpoint: endpoint(grants.refresh_token, "/revoke"),
            revocation_endpoint_auth_methods_supported: grants.refresh_token.then_some(["none"]),
            response_types_supported: [],
            scopes_supported: (!scopes.is_empty()).then(|| scopes.clone()),
        }
    }
}
