//! `PUT /users/me/password`: another password, by the present one.

use std::sync::Arc;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::error::{Code, Error, FieldError, Violation};
use shared::events::{Event, Reason, Subject};
use shared::http::json::Fields;
use shared::http::{body, empty};
use shared::passwords::{Password, StoredHash, Verdict};
use shared::table::{ROUNDS, contended};
use shared::users::Credentials;

use crate::Me;

impl Me {
    /// Responds 204.
    pub(crate) async fn change_password(&self, request: &Request) -> Result<Response<Body>, Error> {
        body::read(request)?;
        let mut caller = self.caller(request).await?;
        let change = PasswordChange::read(request)?;
        let current = Arc::new(
            change
                .current
                .ok_or_else(|| failed(caller.user.id.as_str(), Reason::WrongPassword))?,
        );
        let mut decided: Option<(StoredHash, StoredHash)> = None;
        let new = Arc::new(change.new);
        for _ in 0..ROUNDS {
            let Some(read) = self.users.credentials_of(&caller.user.id).await? else {
                return Err(Error::InvalidToken);
            };
            if read.state.disabled {
                return Err(Error::Inactive);
            }
            let own = match caller.session_id() {
                None => None,
                Some(id) => {
                    let own = read.state.sessions.as_ref().and_then(|all| all.get(id));
                    Some((id, own.ok_or(Error::InvalidToken)?))
                }
            };
            // A round that a refresh made necessary hashes nothing again.
            let hash = match decided.take_if(|(verified, _)| *verified == read.hash) {
                Some((_, hash)) => hash,
                None => {
                    self.verify(&read, &current).await?;
                    self.hasher.hash(Arc::clone(&new)).await?
                }
            };
            let ends_others = change.end_other_sessions;
            if self.users.change_password(&read, &hash, own, ends_others).await? {
                Event::PasswordChanged {
                    user: read.id.as_str(),
                }
                .log();
                return Ok(empty(StatusCode::NO_CONTENT));
            }
            decided = Some((read.hash, hash));
            caller = self.caller(request).await?;
        }
        Err(contended())
    }

    async fn verify(&self, user: &Credentials, current: &Arc<Password>) -> Result<(), Error> {
        let hash = Some(user.hash.clone());
        match self.hasher.verify(Arc::clone(current), hash).await? {
            Verdict::Right { .. } => Ok(()),
            Verdict::Wrong => Err(failed(user.id.as_str(), Reason::WrongPassword)),
            Verdict::Unreadable => Err(failed(user.id.as_str(), Reason::UnreadableHash)),
        }
    }
}

/// Logs that a present password was rejected, and rejects it.
fn failed(user: &str, reason: Reason) -> Error {
    Event::LogInFailed {
        subject: Subject::User(user),
        reason,
    }
    .log();
    wrong()
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
