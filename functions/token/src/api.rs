//! What the OpenAPI document says of `POST /token`.

use shared::clock::Timestamp;
use shared::error::{Error, OAuthError};
use shared::function::HttpFunction;
use shared::http::{body, form, json};
use shared::openapi::{self, described};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat};
use utoipa::{IntoResponses, OpenApi, PartialSchema, ToSchema};

use crate::{Token, TokenResponse, missing};

#[derive(OpenApi)]
#[openapi(paths(token), components(schemas(OAuthError<'static>, TokenResponse)))]
pub(crate) struct Document;

/// Documents `POST /token`.
#[utoipa::path(
    post,
    path = "/token",
    operation_id = "token",
    summary = "Log in",
    description = "The OAuth 2.0 token endpoint with the grant `password` (RFC 6749 section 4.3). For first-party clients: RFC 9700 section 2.4 advises others against this grant. Responses with an access token of RFC 9068.",
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

/// The form. No rule of registration applies here: a name or a password that cannot exist is a wrong one.
pub struct TokenRequest;

impl PartialSchema for TokenRequest {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property(
                "grant_type",
                described("May be left out beside username and password.")
                    .enum_values(Some(["password", ""])),
            )
            .property(
                "username",
                described("The username or the e-mail address.")
                    .min_length(Some(1))
                    .examples(["johndoe"]),
            )
            .property(
                "password",
                described("The password.")
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
                    .min_length(Some(1))
                    .examples(["correct horse battery"]),
            )
            .property(
                "scope",
                described("No scope can be granted yet; empty counts as not sent.")
                    .max_length(Some(0))
                    .examples([""]),
            )
            .property(
                "client_id",
                openapi::text("Not looked at until clients can be registered.", ""),
            )
            .property(
                "client_secret",
                openapi::text("Not looked at until clients can be registered.", ""),
            )
            .required("username")
            .required("password")
            .into()
    }
}

impl ToSchema for TokenRequest {}

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
        };
        let success = json::response(&token);
        let errors = vec![
            ("too_large", Error::BodyTooLarge),
            ("content_type", Error::UnsupportedMediaType(form::CONTENT_TYPES)),
            ("encoded", Error::UnsupportedMediaType(body::NO_ENCODING)),
            ("missing", missing("The parameter username is missing")),
            ("unsupported_grant_type", Error::UnsupportedGrantType),
            ("wrong", Error::WrongCredentials),
            ("inactive", Error::InactiveAtLogIn),
            ("invalid_scope", Error::InvalidScope),
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
