//! `DELETE /users/me`: the end of the account.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::error::Error;
use shared::events::Event;
use shared::http::empty;
use shared::table::{ROUNDS, contended};

use crate::Me;

impl Me {
    /// Responds 204: the user and the markers of its names are gone.
    pub(crate) async fn delete(&self, request: &Request) -> Result<Response<Body>, Error> {
        for _ in 0..ROUNDS {
            let caller = self.caller(request).await?;
            caller.require_recent_authentication(self.clock.now())?;
            if self.users.delete(&caller.user, caller.standing()).await? {
                Event::Deleted {
                    user: caller.user.id.as_str(),
                }
                .log();
                return Ok(empty(StatusCode::NO_CONTENT));
            }
        }
        Err(contended())
    }
}
