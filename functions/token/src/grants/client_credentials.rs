//! The grant `client_credentials` (RFC 6749 section 4.4): a service's own token, without a user and without a refresh token.

use shared::clients::{GrantType, PresentedClient};
use shared::clock::Timestamp;
use shared::error::Error;
use shared::events::Event;
use shared::http::form::Form;
use shared::tokens::{Grant, ValidWith};

use crate::grants::requested;
use crate::{Response, Token};

impl Token {
    /// Issues a token to a confidential client that has proved itself: with the scopes that it asks for, or all of its own.
    pub(crate) async fn client_credentials_grant(
        &self,
        form: &mut Form,
        presented: PresentedClient,
    ) -> Result<Response, Error> {
        let client = self.clients.find(&presented.id).await?;
        let client = presented.authenticate_confidential(client)?;
        client.require(GrantType::ClientCredentials)?;
        let scopes = match form.take("scope") {
            Some(scope) => requested(Some(&scope), &client.scopes)?,
            None => client.scopes.clone(),
        };
        let ring = self.signer.ring().await?;
        let key = self.signer.key(&ring)?;
        let grant = Grant {
            subject: &client.id,
            client: Some(&client.id),
            auth_time: None,
            valid_with: ValidWith::Client,
            scopes: &scopes,
        };
        let now = Timestamp::from_millis(self.clock.millis());
        let issued = self.signer.issue(&grant, key, now)?;
        Event::ClientTokenIssued { client: &client.id }.log();
        Ok(Response {
            issued,
            refresh_token: None,
            scope: scopes.claim(),
        })
    }
}
