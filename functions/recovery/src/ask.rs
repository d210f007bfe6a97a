//! `POST /request-verify-token` and `POST /forgot-password`: a mail is asked for.
//!
//! Nothing here looks an address up: who has it is the mailer's to find out, so that a response cannot depend on it.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::error::Error;
use shared::events::Limit;
use shared::http::client;
use shared::http::json::{self, Fields};
use shared::mail::{Mailing, Occasion};
use shared::throttle::{Refusal, Refused};
use shared::users::Email;

use crate::Recovery;

impl Recovery {
    /// Responds 202 with `null`, as FastAPI Users does, whether or not the address has a user.
    pub(crate) async fn ask(
        &self,
        mailing: Mailing,
        request: &Request,
        occasion: Occasion,
    ) -> Result<Response<Body>, Error> {
        let mut fields = Fields::read(request)?;
        let email = fields.required("email", |typed| Email::parse(&typed));
        fields.finish()?;
        // `finish` has rejected a body whose address did not parse.
        let email = email.ok_or_else(|| Error::internal("the request of a mail", "it has no address"))?;
        let network = client::network(request);
        let (key, millis) = (email.key(), self.clock.millis());
        let asked = (occasion.kind(), key.as_str(), &network);
        if let Some(refusal) = self.refusals.of(asked, millis) {
            return Err(refusal.reject(millis));
        }
        let mail = mailing.mail(email.as_str(), occasion, self.clock.now())?;
        let asking = self.users.ask_for_mail(&mail, &self.networks, &network, millis);
        if let Err(error) = asking.await {
            let Error::Throttled(seconds) = error else {
                return Err(error);
            };
            let until = millis.saturating_add(i64::from(seconds).saturating_mul(1000));
            let refusal = Refusal {
                subject: Refused::Unnamed,
                limit: Limit::Mails,
                until,
            };
            let error = refusal.reject(millis);
            self.refusals.remember(asked, refusal, until, millis);
            return Err(error);
        }
        accepted()
    }
}

pub(crate) fn accepted() -> Result<Response<Body>, Error> {
    let mut response = json::response(&())?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}
