//! `PUT /users/me/password`: another password, by the present one.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use shared::error::{Code, Error, FieldError, Violation};
use shared::http::body;
use shared::http::json::{self, Fields};
use shared::passwords::{Password, StoredHash, Verdict};
use shared::table::{ROUNDS, contended};
use shared::users::UserId;

use crate::Me;

impl Me {
    /// Responds 204.
    pub(crate) async fn change_password(&self, request: &Request) -> Result<Response<Body>, Error> {
        body::read(request)?;
        let mut caller = self.caller(request).await?;
        let change = PasswordChange::read(request)?;
        let current = Arc::new(change.current.ok_or_else(wrong)?);
        let mut decided: Option<(StoredHash, StoredHash)> = None;
        let new = Arc::new(change.new);
        for _ in 0..ROUNDS {
            let id = &caller.user.id;
            let session = caller.claims.sid.as_deref();
            let Some(read) = self.users.password_state(id, session).await? else {
                return Err(Error::InvalidToken);
            };
            // A round after a refresh hashes nothing again.
            let new = match decided.take_if(|(verified, _)| *verified == read.hash) {
                Some((_, new)) => new,
                None => {
                    self.verify(id, &current, &read.hash).await?;
                    self.hasher.hash(Arc::clone(&new)).await?
                }
            };
            let (end_others, now) = (change.end_other_sessions, self.clock.now());
            if self
                .users
                .change_password(id, &read, &new, end_others, now)
                .await?
            {
                return Ok(json::no_content());
            }
            decided = Some((read.hash, new));
            caller = self.caller(request).await?;
        }
        Err(contended())
    }

    async fn verify(&self, user: &UserId, current: &Arc<Password>, hash: &StoredHash) -> Result<(), Error> {
        match self
            .hasher
            .verify(Arc::clone(current), Some(hash.clone()))
            .await?
        {
            Verdict::Right { .. } => Ok(()),
            Verdict::Wrong => Err(wrong()),
            Verdict::Unreadable => {
                tracing::warn!(user = user.as_str(), "the stored password hash cannot be read");
                Err(wrong())
            }
        }
    }
}

/// Rejects the present password, after every other rule. A 401 would make clients log out.
pub(crate) fn wrong() -> Error {
    let violation = Violation::new(Code::Invalid, "Is not the current password");
    Error::Invalid(vec![FieldError::new("current_password", violation)])
}

/// A body whose every field is valid.
struct PasswordChange {
    /// `None` where it is longer than any password can be.
    current: Option<Password>,
    new: Password,
    end_other_sessions: bool,
}

impl PasswordChange {
    fn read(request: &Request) -> Result<Self, Error> {
        let mut fields = Fields::read(request)?;
        for field in ["current_password", "new_password"] {
            if !fields.has(field) {
                fields.reject(field, Violation::new(Code::Required, "Is required"));
            }
        }
        let current = fields.text("current_password", |sent| Ok(Password::attempt(sent)));
        let new = fields.text("new_password", Password::choose);
        let end_other_sessions = fields.flag("end_other_sessions").unwrap_or(true);
        fields.finish()?;
        Ok(Self {
            current: current.flatten(),
            // `finish` has rejected a body whose new password did not parse.
            new: new.ok_or_else(|| Error::internal("the change of a password", "it has no new one"))?,
            end_other_sessions,
        })
    }
}
