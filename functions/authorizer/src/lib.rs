//! The Lambda authorizer of a reader's own HTTP API (payload format 2.0, simple responses).
//!
//! API Gateway caches a decision under the values of the authorizer's identity sources, for all requests that have the same
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>). So a decision depends on the one
//! header that is an identity source and on nothing else of the request; where it may depend on three, there is no identity source, and
//! without one no cache. What is no decision, such as a store that does not respond, is a failed invocation: the gateway responds 500
//! and caches nothing.

use std::collections::BTreeMap;

use lambda_http::Request;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use shared::authenticate::{Principal, authenticate_principal};
use shared::clock::Clock;
use shared::env::{AUTHORIZER_HEADER, Env};
use shared::error::Error;
use shared::function::{Function, StartError};
use shared::http::{credentials, request};
use shared::logging::{self, Origin};
use shared::table::Table;
use shared::tokens::Verifier;

/// The function `authorizer`: the users, the clients, and the published keys to verify tokens by.
pub struct Authorizer {
    verifier: Verifier,
    /// The one header that is read; `None` for all of [`credentials::HEADERS`].
    header: Option<HeaderName>,
}

impl Function for Authorizer {
    const NAME: &'static str = "authorizer";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        logging::name_service(env)?;
        let header = env.get(&AUTHORIZER_HEADER)?;
        Ok(Self {
            verifier: Verifier::new(Table::connect(env).await?, env, clock)?.with_api_keys(),
            header: credentials::HEADERS.into_iter().find(|known| known == header),
        })
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.verifier.prepare().await
    }
}

impl Authorizer {
    /// Decides about a request by its event. `invocation` is Lambda's id, for an event without one of the gateway's.
    ///
    /// # Errors
    ///
    /// What prevents a decision: a store that cannot be reached, identity sources that do not fit, an event that is none of the gateway's.
    pub async fn handle(&self, event: &Value, invocation: &str) -> Result<Decision, Error> {
        let id = request::id_of(event).unwrap_or(invocation);
        let mut request = request::read(event, id)?;
        let origin = Origin::of(&request);
        let decided = async {
            self.check_identity_sources(event, request.headers())?;
            if let Some(header) = &self.header {
                for other in credentials::HEADERS.iter().filter(|other| *other != header) {
                    request.headers_mut().remove(other);
                }
            }
            self.decide(&request).await
        };
        let logged = async {
            decided
                .await
                .inspect_err(|error| tracing::error!(%error, "a request could not be authorized"))
        };
        logging::in_request(origin, logged).await
    }

    async fn decide(&self, request: &Request) -> Result<Decision, Error> {
        match authenticate_principal(&self.verifier, request).await {
            Ok(principal) => Ok(Decision::allowed(principal)),
            Err(
                Error::NotAuthenticated
                | Error::MalformedAuthorization
                | Error::SeveralCredentials
                | Error::InvalidToken
                | Error::Inactive
                | Error::Forbidden,
            ) => Ok(Decision::default()),
            Err(error) => Err(error),
        }
    }

    /// Rejects what could be cached under another key than the credential. The gateway sends the values of the identity sources, which
    /// are the key.
    fn check_identity_sources(&self, event: &Value, headers: &HeaderMap) -> Result<(), Error> {
        let sources: Vec<&Value> = event["identitySource"].as_array().into_iter().flatten().collect();
        let fits = match &self.header {
            // Without an identity source there is no cache.
            _ if sources.is_empty() => true,
            None => false,
            Some(header) => {
                let mut values = headers.get_all(header).iter();
                let is_source = |value: &HeaderValue| {
                    let mut sources = sources.iter().filter_map(|source| source.as_str());
                    sources.any(|source| source.as_bytes() == value.as_bytes())
                };
                values.next().is_some_and(is_source) && values.next().is_none()
            }
        };
        if fits {
            Ok(())
        } else {
            Err(Error::internal(
                "the authorizer",
                "its identity sources are not the header that AUTHORIZER_HEADER names",
            ))
        }
    }
}

/// A decision, as API Gateway's simple response has it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Whether the request reaches the reader's function.
    pub is_authorized: bool,
    /// What that function gets in `requestContext.authorizer.lambda`: `sub`, `scope`, `client_id` and `sid`, where there are any.
    pub context: BTreeMap<&'static str, String>,
}

impl Decision {
    fn allowed(principal: Principal) -> Self {
        let (subject, scope, claims) = match principal {
            Principal::User(caller) => {
                let subject = caller.user.id.as_str().to_owned();
                (subject, caller.scopes.claim(), caller.claims)
            }
            Principal::Client(claims) => (claims.sub.clone(), claims.scope.clone(), Some(*claims)),
        };
        let (client, session) = claims.map(|claims| (claims.client_id, claims.sid)).unzip();
        let members = [
            ("sub", Some(subject)),
            ("scope", scope),
            ("client_id", client),
            ("sid", session.flatten()),
        ];
        Self {
            is_authorized: true,
            context: members
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
        }
    }
}
