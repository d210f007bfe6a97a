//! `POST /reset-password`: a password is replaced by the token of a mail. It ends every session and every API key, proves the address, and
//! logs no user in (OWASP Forgot Password Cheat Sheet).

use std::sync::Arc;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::error::{Error, FieldError};
use shared::events::Event;
use shared::http::json::Fields;
use shared::http::{client, empty};
use shared::mail::{MailToken, Mailing, Occasion, Outgoing, Purpose};
use shared::table::{ROUNDS, contended};
use shared::users::{Account, Presented, User};
use zeroize::Zeroizing;

use crate::Recovery;

impl Recovery {
    /// Responds 204.
    pub(crate) async fn reset(&self, mailing: Mailing, request: &Request) -> Result<Response<Body>, Error> {
        let mut fields = Fields::read(request)?;
        let token = fields.required("token", |token| Ok(Zeroizing::new(token)));
        let password = fields.required("password", |password| Ok(Zeroizing::new(password)));
        fields.finish()?;
        // `finish` has rejected a body without both.
        let (Some(token), Some(password)) = (token, password) else {
            return Err(Error::internal("the reset of a password", "a field is missing"));
        };
        self.recover(mailing, request, &token, password).await?;
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Replaces the password of the user of a token. A password that breaks a rule does not spend the token.
    pub(crate) async fn recover(
        &self,
        mailing: Mailing,
        request: &Request,
        text: &str,
        mut password: Zeroizing<String>,
    ) -> Result<User, Error> {
        let token = self.token(text, &[Purpose::Reset, Purpose::Undo]).await?;
        let mut account = self.fitting_account(&token).await?;
        let own_names = account.user.profile.own_names().chain([token.address.as_str()]);
        let chosen = self.rule.choose(std::mem::take(&mut password), own_names);
        let chosen = chosen.map_err(|rule| Error::Invalid(vec![FieldError::new("password", rule)]))?;
        let hash = self.hasher.hash(Arc::new(chosen)).await?;
        let network = client::network(request);
        for _ in 0..ROUNDS {
            let now = self.clock.now();
            let mails = self.warning(mailing, &account, &token)?;
            let presented = Presented { token: &token, text };
            let recovering = self
                .users
                .recover(presented, &account, &hash, &network, &mails, now);
            if let Some(user) = recovering.await? {
                Event::PasswordReset {
                    user: user.id.as_str(),
                }
                .log();
                return Ok(user);
            }
            account = self.fitting_account(&token).await?;
        }
        Err(contended())
    }

    /// Returns the account that a token may recover as it is now.
    async fn fitting_account(&self, token: &MailToken) -> Result<Account, Error> {
        let account = self.account_of(token).await?;
        match account.recovered_by(token, self.clock.now()) {
            Some(_) => Ok(account),
            None => Err(Error::InvalidMailToken),
        }
    }

    /// Returns the mail that warns of another password.
    fn warning(
        &self,
        mailing: Mailing,
        account: &Account,
        token: &MailToken,
    ) -> Result<Vec<Outgoing>, Error> {
        let occasion = Occasion::PasswordChanged {
            user: account.user.id.as_str().to_owned(),
        };
        Ok(vec![mailing.mail(
            token.address.as_str(),
            occasion,
            self.clock.now(),
        )?])
    }
}
