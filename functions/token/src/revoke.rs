//! `POST /revoke`: the token revocation endpoint (RFC 7009).

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::clients::PresentedClient;
use shared::error::Error;
use shared::events::Event;
use shared::http::empty;
use shared::http::form::Form;
use shared::users::{Revoked, UserId};

use crate::{Token, missing};

/// The parameters that are known. The hint's value does not matter (RFC 7009 section 2.1).
const PARAMETERS: &[&str] = &["token", "token_type_hint", "client_id", "client_secret"];

impl Token {
    /// Ends the session of a refresh token of any generation, or of an access token that still verifies; that of a confidential client
    /// for this client alone. Responds 200 to any other token, too (RFC 7009 section 2.2).
    pub(crate) async fn revoke(&self, request: &Request) -> Result<Response<Body>, Error> {
        let mut form = Form::read(request, PARAMETERS).await?;
        let presented = PresentedClient::read(request.headers(), &mut form)?;
        let token = form
            .take("token")
            .ok_or_else(|| missing("The parameter token is missing"))?;
        let client = self.client(presented).await?.map(|client| client.id);
        let Some((user, session)) = self.session_of(&token).await? else {
            return Ok(empty(StatusCode::OK));
        };
        let now = self.clock.now();
        let client = client.as_deref();
        let is_ended = match self.users.revoke_session(&user, &session, client, now).await? {
            Revoked::Done => true,
            Revoked::Unknown => false,
            Revoked::OfClient(issued_to) => {
                let issued_to = self.clients.find(&issued_to).await?;
                // It proves itself (RFC 7009 section 2.1). For any other client, the token proves enough.
                if issued_to.is_some_and(|client| client.is_confidential()) {
                    return Err(match client {
                        Some(_) => Error::InvalidRefreshToken,
                        None => PresentedClient::missing(request.headers()),
                    });
                }
                self.users.end_session(&user, &session, now).await?
            }
        };
        if is_ended {
            Event::Revoked {
                user: user.as_str(),
                session: &session,
            }
            .log();
        }
        Ok(empty(StatusCode::OK))
    }

    /// Returns the user and session of a token; `None` if Latchkey did not issue it, or if it has no session.
    async fn session_of(&self, token: &str) -> Result<Option<(UserId, String)>, Error> {
        if let Some(token) = self.open(token).await? {
            return Ok(Some((UserId::known(token.user.clone()), token.session.clone())));
        }
        match self.verifier.verify(token).await {
            Ok(claims) => Ok(claims.sid.map(|session| (UserId::known(claims.sub), session))),
            Err(Error::InvalidToken) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
