//! `POST /introspect`: the token introspection endpoint (RFC 7662), for confidential clients.

use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::authenticate::{Principal, principal};
use shared::clients::{Client, PresentedClient};
use shared::clock::Timestamp;
use shared::error::Error;
use shared::http::form::Form;
use shared::http::json;
use shared::sessions::{Policy, RefreshToken, Verdict, verdict};
use shared::tokens::Claims;
use shared::users::{User, Wanted};
use utoipa::ToSchema;

use crate::{Token, missing};

/// The parameters that are known. The hint's value does not matter (RFC 7662 section 2.1).
const PARAMETERS: &[&str] = &["token", "token_type_hint", "client_id", "client_secret"];

/// What a token is now: exactly `{"active": false}` where it is of no use, whatever the reason (RFC 7662 section 2.2).
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = Introspection)]
pub(crate) struct Introspection {
    /// Whether it may be used now.
    active: bool,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iss: Option<String>,
    /// The user's id, or the client's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sub: Option<String>,
    /// For whom an access token is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    aud: Option<String>,
    /// The client that it was issued to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// Its scopes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scope: Option<String>,
    /// When it expires, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iat: Option<i64>,
    /// An access token's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    jti: Option<String>,
    /// `bearer`, or `refresh_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_type: Option<&'static str>,
    /// The username, or the e-mail address of a user without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    username: Option<String>,
    /// Whether the user has proved the e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email_verified: Option<bool>,
}

impl Token {
    /// Responds 200 with what the token is now. It is decided as at Latchkey's own routes, by the user and the session that are read.
    pub(crate) async fn introspect(&self, request: &Request) -> Result<Response<Body>, Error> {
        let mut form = Form::read(request, PARAMETERS).await?;
        let presented = PresentedClient::read(request.headers(), &mut form)?;
        // Never anonymous: the challenge names the scheme, also where a client used the form (RFC 7662 section 2.3).
        let refused = |_| Error::InvalidClient { by_header: true };
        let presented = presented.ok_or(Error::InvalidClient { by_header: true })?;
        let client = self.clients.find(&presented.id).await?;
        let client = presented.authenticate_confidential(client).map_err(refused)?;
        let token = form
            .take("token")
            .ok_or_else(|| missing("The parameter token is missing"))?;
        json::response(&self.introspection(&token, &client).await?)
    }

    async fn introspection(&self, token: &str, client: &Client) -> Result<Introspection, Error> {
        let now = self.clock.now();
        if let Some(token) = self.open(token).await? {
            let policy = self.sessions.as_ref();
            // Where sessions have been switched off or made shorter since, no refresh accepts the token.
            return match policy.filter(|policy| policy.expires_at(token.created_at, now) > now) {
                Some(policy) => self.refresh_token_of(&token, client, policy).await,
                None => Ok(Introspection::default()),
            };
        }
        let claims = match self.verifier.verify(token).await {
            // The seconds that clocks may differ by are for others' clocks.
            Ok(claims) if claims.exp > now.unix() => claims,
            Ok(_) | Err(Error::InvalidToken) => return Ok(Introspection::default()),
            Err(error) => return Err(error),
        };
        match principal(&self.verifier, claims.clone()).await {
            Ok(Principal::User(caller)) => Ok(Introspection {
                scope: caller.scopes.claim(),
                email_verified: Some(caller.user.clone().shown(now).email_verified),
                username: name_of(&caller.user),
                ..active(claims)
            }),
            Ok(Principal::Client(_)) => Ok(active(claims)),
            Err(Error::InvalidToken | Error::Inactive) => Ok(Introspection::default()),
            Err(error) => Err(error),
        }
    }

    /// Describes a refresh token to the client that it was issued to, and to no other.
    async fn refresh_token_of(
        &self,
        token: &RefreshToken,
        client: &Client,
        policy: &Policy,
    ) -> Result<Introspection, Error> {
        let now = self.clock.millis();
        let account = self.users.find(&token.user, Wanted::One(&token.session)).await?;
        let Some(account) = account.filter(|account| !account.user.disabled) else {
            return Ok(Introspection::default());
        };
        let session = account.sessions.get(&token.session);
        let session = session.filter(|session| session.client.as_deref() == Some(&client.id));
        let verdict = verdict(session, token.presented(), now, policy.replay_seconds);
        let limit = policy.expires_at(token.created_at, Timestamp::from_millis(now));
        match (verdict, session) {
            (Verdict::Rotate | Verdict::Repeat | Verdict::Replay, Some(session)) => Ok(Introspection {
                active: true,
                sub: Some(token.user.clone()),
                client_id: Some(client.id.clone()),
                scope: session.scopes.within(&account.scopes).claim(),
                exp: Some(session.expires_at.min(limit).unix()),
                token_type: Some("refresh_token"),
                email_verified: Some(
                    account
                        .user
                        .clone()
                        .shown(Timestamp::from_millis(now))
                        .email_verified,
                ),
                username: name_of(&account.user),
                ..Introspection::default()
            }),
            _ => Ok(Introspection::default()),
        }
    }
}

fn active(claims: Claims) -> Introspection {
    Introspection {
        active: true,
        iss: Some(claims.iss),
        sub: Some(claims.sub),
        aud: Some(claims.aud),
        client_id: Some(claims.client_id),
        scope: claims.scope,
        exp: Some(claims.exp),
        iat: Some(claims.iat),
        jti: Some(claims.jti),
        token_type: Some("bearer"),
        username: None,
        email_verified: None,
    }
}

fn name_of(user: &User) -> Option<String> {
    let username = user.profile.username.as_ref().map(ToString::to_string);
    username.or_else(|| user.profile.email.as_ref().map(ToString::to_string))
}
