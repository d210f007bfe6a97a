//! What the OpenAPI document says of `POST /token`, `POST /revoke` and `POST /introspect`.

use lambda_http::http::StatusCode;
use shared::clock::Timestamp;
use shared::error::{Error, OAuthError};
use shared::function::HttpFunction;
use shared::http::{body, empty, form, json};
use shared::openapi::{self, described};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat};
use utoipa::{IntoResponses, OpenApi, PartialSchema, ToSchema};

use crate::introspect::Introspection;
use crate::{INTROSPECTION_PATH, PATH, REVOKE_PATH, Token, TokenResponse, missing};

#[derive(OpenApi)]
#[openapi(paths(token, revoke, introspect), components(schemas(Introspection, OAuthError<'static>, TokenResponse)))]
pub(crate) struct Document;

/// Documents `POST /token`.
#[utoipa::path(
    post,
    path = PATH,
    operation_id = "token",
    summary = "Log in, or refresh",
    description = "The OAuth 2.0 token endpoint, with the grants that `grant_type` lists. Responses with an access token of RFC 9068.",
    tag = "tokens",
    request_body(
        content(
            (TokenRequest = "application/x-www-form-urlencoded"),
            (TokenRequest = "multipart/form-data"),
        ),
    ),
    responses(Responses),
    security(()),
)]
pub fn token() {}

/// Documents `POST /revoke`.
#[utoipa::path(
    post,
    path = REVOKE_PATH,
    operation_id = "revoke",
    summary = "Log out",
    description = "Ends the session of a refresh token or of an access token (RFC 7009). A token that is unknown, expired or made up gets the same response.",
    tag = "tokens",
    request_body(
        content(
            (RevocationRequest = "application/x-www-form-urlencoded"),
            (RevocationRequest = "multipart/form-data"),
        ),
    ),
    responses(RevocationResponses),
    security(()),
)]
pub fn revoke() {}

/// Documents `POST /introspect`.
#[utoipa::path(
    post,
    path = INTROSPECTION_PATH,
    operation_id = "introspect",
    summary = "Ask what a token is now",
    description = "For confidential clients (RFC 7662), which prove themselves by HTTP Basic or by the form.",
    tag = "tokens",
    request_body(
        content(
            (IntrospectionRequest = "application/x-www-form-urlencoded"),
            (IntrospectionRequest = "multipart/form-data"),
        ),
    ),
    responses(IntrospectionResponses),
    security(()),
)]
pub fn introspect() {}

/// The form. Each grant needs others of its parameters, so that none is required. No rule of registration
/// applies here: a name or a password that cannot exist is a wrong one.
pub struct TokenRequest;

impl PartialSchema for TokenRequest {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property(
                "grant_type",
                described("May be left out beside username and password.")
                    .enum_values(Some(["password", "refresh_token", "client_credentials", ""])),
            )
            .property(
                "username",
                described("The username or the e-mail address.")
                    .min_length(Some(1))
                    .examples(["johndoe"]),
            )
            .property(
                "password",
                described("The password. Its grant (RFC 6749 section 4.3) is for first-party clients: RFC 9700 section 2.4 advises others against it.")
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
                    .min_length(Some(1))
                    .examples(["correct horse battery"]),
            )
            .property(
                "refresh_token",
                openapi::text("The newest refresh token of a session (RFC 6749 section 6).", ""),
            )
            .property(
                "device_token",
                openapi::text(
                    "A refresh token of the user, up to 30 days old, even a spent one. The log-in is then delayed only by its own device's failures.",
                    "",
                ),
            )
            .property(
                "scope",
                described("Scopes that an operator granted to the user, with one space between each two. At a refresh, those of the session to keep.")
                    .examples([""]),
            )
            .property(
                "client_id",
                openapi::text("A registered client's, unless it uses HTTP Basic. An id that no client has is ignored.", ""),
            )
            .property(
                "client_secret",
                openapi::text("The secret of a confidential client.", ""),
            )
            .into()
    }
}

impl ToSchema for TokenRequest {}

/// The form of a revocation (RFC 7009 section 2.1).
pub struct RevocationRequest;

impl PartialSchema for RevocationRequest {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property(
                "token",
                described("A refresh token or an access token.").min_length(Some(1)),
            )
            .property("token_type_hint", openapi::text("Its value does not matter.", ""))
            .property(
                "client_id",
                openapi::text(
                    "A registered client's, unless it uses HTTP Basic. An id that no client has is ignored.",
                    "",
                ),
            )
            .property(
                "client_secret",
                openapi::text(
                    "The secret of a confidential client, which alone ends its sessions.",
                    "",
                ),
            )
            .required("token")
            .into()
    }
}

impl ToSchema for RevocationRequest {}

/// The form of an introspection (RFC 7662 section 2.1).
pub struct IntrospectionRequest;

impl PartialSchema for IntrospectionRequest {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property(
                "token",
                described("An access token or a refresh token.").min_length(Some(1)),
            )
            .property("token_type_hint", openapi::text("Its value does not matter.", ""))
            .property(
                "client_id",
                openapi::text("A confidential client's, unless it uses HTTP Basic.", ""),
            )
            .property(
                "client_secret",
                openapi::text("Its secret, unless it uses HTTP Basic.", ""),
            )
            .required("token")
            .into()
    }
}

impl ToSchema for IntrospectionRequest {}

/// Every response of `POST /introspect`.
pub struct IntrospectionResponses;

impl IntoResponses for IntrospectionResponses {
    fn responses() -> openapi::Responses {
        let errors = vec![
            ("too_large", Error::BodyTooLarge),
            ("content_type", Error::UnsupportedMediaType(form::CONTENT_TYPES)),
            ("encoded", Error::UnsupportedMediaType(body::NO_ENCODING)),
            ("missing", missing("The parameter token is missing")),
            ("invalid_client", Error::InvalidClient { by_header: true }),
            ("unavailable", Error::unavailable("", "")),
            ("fault", Error::internal("", "")),
        ];
        let success = json::response(&Introspection::default());
        openapi::responses(
            Token::ERROR_FORMAT,
            &Introspection::name(),
            "introspection",
            success,
            errors,
        )
    }
}

/// Every response of `POST /revoke`.
pub struct RevocationResponses;

impl IntoResponses for RevocationResponses {
    fn responses() -> openapi::Responses {
        let errors = vec![
            ("too_large", Error::BodyTooLarge),
            ("content_type", Error::UnsupportedMediaType(form::CONTENT_TYPES)),
            ("encoded", Error::UnsupportedMediaType(body::NO_ENCODING)),
            ("missing", missing("The parameter token is missing")),
            ("invalid_client", Error::InvalidClient { by_header: false }),
            (
                "invalid_client_by_basic",
                Error::InvalidClient { by_header: true },
            ),
            ("of_another_client", Error::InvalidRefreshToken),
            ("unavailable", Error::unavailable("", "")),
            ("fault", Error::internal("", "")),
        ];
        openapi::responses(
            Token::ERROR_FORMAT,
            "",
            "ended",
            Ok(empty(StatusCode::OK)),
            errors,
        )
    }
}

/// Every response of `POST /token`.
pub struct Responses;

impl IntoResponses for Responses {
    fn responses() -> openapi::Responses {
        let token = TokenResponse {
            access_token:
                "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZS5jb20ifQ.c2ln"
                    .to_owned(),
            token_type: "bearer",
            expires_in: 1800,
            expires: Timestamp::from_unix(1_795_468_620),
            refresh_token: Some("b3BhcXVlLXRvLWNsaWVudHMtYW5kLWF0LW1vc3QtNTEyLWNoYXJhY3RlcnM".to_owned()),
            scope: None,
        };
        let success = json::response(&token);
        let errors = vec![
            ("too_large", Error::BodyTooLarge),
            ("content_type", Error::UnsupportedMediaType(form::CONTENT_TYPES)),
            ("encoded", Error::UnsupportedMediaType(body::NO_ENCODING)),
            ("missing", missing("The parameter username is missing")),
            ("unsupported_grant_type", Error::UnsupportedGrantType),
            ("slow_down", Error::Throttled(30)),
            (
                "invalid_client_by_basic",
                Error::InvalidClient { by_header: true },
            ),
            ("wrong", Error::WrongCredentials),
            ("inactive", Error::InactiveAtLogIn),
            ("invalid_client", Error::InvalidClient { by_header: false }),
            ("unauthorized_client", Error::UnauthorizedClient),
            ("invalid_refresh_token", Error::InvalidRefreshToken),
            ("invalid_scope", Error::InvalidScope("A scope is not granted")),
            ("unavailable", Error::unavailable("", "")),
            ("fault", Error::internal("", "")),
        ];
        openapi::responses(
            Token::ERROR_FORMAT,
            &TokenResponse::name(),
            "token",
            success,
            errors,
        )
    }
}
